"""The callbacks of a training, called as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from ferkit.components.build import build
from ferkit.components.contract import disagree
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.errors import RunError
from ferkit.interfaces import Callback, Epoch, TrainingSetup


def build_callbacks(parts: Sequence[Part], registry: Registry, labels: Sequence[str]) -> list[Callback]:
    """Build the callbacks of `[[callback]]`.

    Raises:
        ComponentError: One cannot be built with its options, or is no `Callback`.
    """
    built = []
    for part in parts:
        one = build(registry, "callback", part, labels=labels, num_classes=len(labels))
        if not isinstance(one, Callback):
            expected = "a subclass of ferkit.plugin.Callback"
            raise disagree(registry.get("callback", part.name), expected, type(one).__name__)
        built.append(one)
    return built


class Callbacks:
    """Callbacks in the order of the recipe.

    Args:
        several: The callbacks.
    """

    def __init__(self, several: Sequence[Callback]) -> None:
        self.several = several

    def prepare(self, network: nn.Module) -> None:
        """Raises RunError if several callbacks have a network to evaluate."""
        own = Callback.evaluated_network
        owners = [type(one).__name__ for one in self.several if type(one).evaluated_network is not own]
        if len(owners) > 1:
            raise RunError(
                f"The callbacks {' and '.join(owners)} can't be combined: each has a network of its own to "
                "evaluate and save. Keep one of them."
            )
        for one in self.several:
            one.prepare(network)

    def begin(self, setup: TrainingSetup) -> None:
        for one in self.several:
            one.begin(setup)

    def begin_epoch(self, number: int) -> None:
        for one in self.several:
            one.begin_epoch(number)

    @property
    def changes_batches(self) -> bool:
        """True if a callback overrides `change_batch`."""
        return any(type(one).change_batch is not Callback.change_batch for one in self.several)

    def change_batch(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        for one in self.several:
            images, targets = one.change_batch(images, targets)
        return images, targets

    def end_step(self) -> None:
        for one in self.several:
            one.end_step()

    def end_epoch(self, epoch: Epoch, accuracy: float) -> bool:
        """Return True if a callback ends the training. All of them are called."""
        ended = [one.end_epoch(epoch, accuracy) for one in self.several]
        return any(ended)

    def evaluated_network(self) -> nn.Module | None:
        """Return the network of the callback that has one."""
        found = (one.evaluated_network() for one in self.several)
        return next((network for network in found if network is not None), None)

    def state(self) -> list[dict[str, Any]]:
        return [one.state_dict() for one in self.several]

    def restore(self, states: Sequence[Mapping[str, Any]]) -> None:
        for one, state in zip(self.several, states, strict=True):
            one.load_state_dict(dict(state))
