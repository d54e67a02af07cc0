"""Normalised gradient descent."""

from collections.abc import Callable
from typing import Any

import torch


class NormalizedSGDOptimizer(torch.optim.Optimizer):
    """Gradient descent with momentum, where the gradient of each parameter has the L2 norm 1.

    Args:
        momentum: Weight of the earlier average, 0 to 1, without 1.
        eps: Number added to the norm, above 0.
    """

    def __init__(
        self,
        params: list[dict[str, Any]],
        lr: float,
        weight_decay: float = 0.0,
        momentum: float = 0.9,
        eps: float = 1e-8,
    ) -> None:
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum: expected 0 to 1, without 1, got {momentum:g}")
        if eps <= 0:
            raise ValueError(f"eps: expected a number above 0, got {eps:g}")
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})
        self.momentum = momentum
        self.eps = eps

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:
        """Update the parameters. ferkit passes no closure, because needs_closure is not set."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if "average" not in state:
                    state["average"] = torch.zeros_like(parameter)
                direction = parameter.grad / (parameter.grad.norm() + self.eps)
                state["average"].lerp_(direction, 1 - self.momentum)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.sub_(group["lr"] * state["average"])
