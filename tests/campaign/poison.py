"""Train with freed memory full of NaN: whatever reads memory that nothing wrote becomes visible."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from ferkit.testing.poisoned_memory import fill_freed_memory


class Poison(TorchDispatchMode):
    """Before every operation, write NaN into freed memory of the sizes that it may take.

    Attributes:
        operations: How many operations there were.
    """

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.operations += 1
        fill_freed_memory([one.numel() for one in args if isinstance(one, Tensor) and one.numel() < 1 << 20])
        return func(*args, **(kwargs or {}))


def train_step(
    module: nn.Module, given: Any, targets: Tensor, loss: nn.Module, mixed: bool
) -> dict[str, Tensor]:
    """One step of SGD. Return the output, the gradients and the new parameters by name."""
    torch.manual_seed(5)
    optimizer = torch.optim.SGD([one for one in module.parameters() if one.requires_grad], lr=0.1)
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        found = module(given)
        outputs = [found] if isinstance(found, Tensor) else list(found.values())
        logits = torch.cat(
            [one.float().flatten(2).mean(2) if one.ndim > 2 else one.float() for one in outputs], 1
        )
    loss(logits, targets % logits.shape[1]).backward()
    gradients = {f"gradient of {n}": p.grad for n, p in module.named_parameters() if p.grad is not None}
    optimizer.step()
    return {"output": logits.detach(), **gradients, **module.state_dict()}


def compare(plain: dict[str, Tensor], poisoned: dict[str, Tensor]) -> list[str]:
    """Return what is not finite or differs."""
    faults = [f"{name} is not finite" for name, one in poisoned.items() if not torch.isfinite(one).all()]
    faults += [f"{name} differs" for name, one in poisoned.items() if not torch.equal(one, plain[name])]
    return faults
