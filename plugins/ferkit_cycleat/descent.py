"""Optimizers and their steps, which fail for losses that are not finite."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ferkit.plugin import RunError
from ferkit_cycleat.options import Options

BETAS = (0.5, 0.999)
"""Adam's betas in CycleGAN."""


class Descent:
    """An Adam for each group of parameters. Groups "g" and "d" have the rate `lr`, others `classifier_lr`."""

    def __init__(self, options: Options, parameters: Mapping[str, Sequence[nn.Parameter]]) -> None:
        self.options = options
        self.rates = {
            name: options.lr if name in ("g", "d") else options.classifier_lr for name in parameters
        }
        self.optimizers = {
            name: torch.optim.Adam(parameters[name], lr=rate, betas=BETAS)
            for name, rate in self.rates.items()
        }

    def set_factor(self, factor: float) -> None:
        """Set the learning rates to the recipe's times this factor."""
        for name, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = factor * self.rates[name]

    def step(
        self, names: Sequence[str], terms: Mapping[str, Tensor], loss: Tensor, where: str
    ) -> dict[str, float]:
        """Run one step of the named groups; return the values of the terms and the loss.

        Raises:
            RunError: One of these is not finite.
        """
        values = torch.stack([*terms.values(), loss]).detach().tolist()
        named = dict(zip([*(f"loss_{name}" for name in terms), "loss"], values, strict=True))
        for name, value in named.items():
            if not math.isfinite(value):
                raise RunError(self._diverged(name, value, where))
        for name in names:
            self.optimizers[name].zero_grad()
        torch.autograd.backward(loss)
        for name in names:
            self.optimizers[name].step()
        return named

    def _diverged(self, name: str, value: float, where: str) -> str:
        options = self.options
        return (
            f"estimator 'cycleat': expected finite losses, but {name} became {value} in {where}: the "
            f"training has diverged. Lower estimator.lr ({options.lr:g}), classifier_lr "
            f"({options.classifier_lr:g}) or attention_weight ({options.attention_weight:g})."
        )

    def state(self) -> dict[str, Any]:
        return {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state[name])
