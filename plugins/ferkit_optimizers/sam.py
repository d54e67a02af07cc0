"""Sharpness-aware minimization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ferkit.plugin import Optimizer


class SAM(torch.optim.Optimizer):
    """Sharpness-aware minimization (Foret et al. 2021), with ASAM (Kwon et al. 2021) as an option.

    Each step computes the gradient g of the batch twice: at the parameters w, and at w + e, where the loss is
    about highest within a distance of `rho`. The base optimizer then updates w with the second gradient.

    - SAM: e = rho · g / ‖g‖ (eq. 2).
    - ASAM: e = rho · T²g / ‖Tg‖ with T = |w|.

    The norm is over all parameters. A training takes about twice the time. `base` applies the weight decay.

    Args:
        base: The optimizer that updates the parameters.
        rho: Distance, such as 0.05 for SAM and 0.5 for ASAM.
        adaptive: Use ASAM.
    """

    needs_closure = True

    def __init__(
        self,
        params: list[dict[str, Any]],
        base: Optimizer | None = None,
        rho: float = 0.05,
        adaptive: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        if rho <= 0:
            raise ValueError(f"rho: expected a number above 0, got {rho:g}")
        if base is None:
            raise ValueError('base: expected an optimizer, such as base = { name = "sgd", momentum = 0.9 }')
        if getattr(base, "needs_closure", False):
            raise ValueError("base: expected an optimizer that computes no gradients itself")
        super().__init__(params, {})
        assert isinstance(base, torch.optim.Optimizer)
        if weight_decay and "weight_decay" not in base.defaults:
            raise ValueError("weight_decay: the base optimizer has none. Set it to 0, or choose another base")
        self.base: torch.optim.Optimizer = base
        self.rho: float = rho
        self.adaptive: bool = adaptive
        self.param_groups = base.param_groups  # the groups of a scheduler

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters. `closure` computes loss and gradients again."""
        if closure is None:
            raise ValueError("SAM needs a closure that computes the gradients again")
        moved = self._move()
        with torch.enable_grad():
            value = closure()
        for parameter, before in moved:
            parameter.copy_(before)
        self.base.step()
        return value

    def _move(self) -> list[tuple[Tensor, Tensor]]:
        """Add e to the parameters. Return them with their values before."""
        trained = [one for group in self.param_groups for one in group["params"] if one.grad is not None]
        slopes = [one.grad * one.abs() if self.adaptive else one.grad for one in trained]
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(one) for one in slopes]))
        scale = self.rho / (norm + 1e-12)
        moved = []
        for parameter, slope in zip(trained, slopes, strict=True):
            moved.append((parameter, parameter.clone()))
            parameter.add_((slope * parameter.abs() if self.adaptive else slope) * scale)
        return moved

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the base optimizer."""
        state: dict[str, Any] = self.base.state_dict()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state of the base optimizer."""
        self.base.load_state_dict(state_dict)
        self.param_groups = self.base.param_groups
