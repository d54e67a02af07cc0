"""Options of a training and their ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self

from ferkit_cycleat import attention, classifiers
from ferkit_cycleat.adversarial import choose_layers

Color = Literal["rgb", "grey"]
Mode = Literal["source_only", "gan", "attention"]

# Option -> its minimum.
AT_LEAST = {
    "blocks": 0,
    "batch_size": 2,
    "buffer_size": 0,
    "classifier_width": 4,
    "cycle_weight": 0,
    "epochs": 1,
    "identity_weight": 0,
    "attention_weight": 0,
    "pictures_every": 1,
    "width": 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `CycleATEstimator` without the data. Raises ValueError."""

    mode: Mode
    color: Color
    attention: attention.Kind
    image_size: int
    width: int
    blocks: int
    residual: bool
    discriminator_layers: int | None
    classifier: classifiers.Kind
    classifier_width: int
    epochs: int
    warmup_epochs: int
    steps_per_epoch: int | None
    batch_size: int
    lr: float
    classifier_lr: float
    cycle_weight: float
    identity_weight: float
    attention_weight: float
    train_on_source: bool
    buffer_size: int
    flip: bool
    pictures_every: int

    @classmethod
    def pick(cls, arguments: Mapping[str, Any]) -> Self:
        """Select the options of the training from a constructor's arguments."""
        return cls(**{one.name: arguments[one.name] for one in fields(cls)})

    def __post_init__(self) -> None:
        for option, least in AT_LEAST.items():
            # `not >=` refuses NaN too.
            if not getattr(self, option) >= least:
                raise ValueError(f"{option}: expected at least {least}, got {getattr(self, option)}")
        for option in ("lr", "classifier_lr"):
            if not 0 < getattr(self, option) < 1:
                raise ValueError(f"{option}: expected a number between 0 and 1, got {getattr(self, option)}")
        if self.warmup_epochs < (least := 0 if self.classifier == "network" else 1):
            why = "" if least == 0 else f": the classifier {self.classifier!r} starts with random weights"
            raise ValueError(f"warmup_epochs: expected at least {least}, got {self.warmup_epochs}{why}")
        if self.image_size < 16 or self.image_size % 4:
            raise ValueError(f"image_size: expected a multiple of 4, at least 16, got {self.image_size}")
        if self.steps_per_epoch is not None and self.steps_per_epoch < 1:
            raise ValueError(f"steps_per_epoch: expected at least 1, got {self.steps_per_epoch}")
        self._check_layers()

    def _check_layers(self) -> None:
        """Raise ValueError for a discriminator without any output."""
        layers = self.discriminator_layers
        # Each layer halves the map, two more remove a pixel each, and instance norm needs several values.
        if layers is not None and not (1 <= layers <= 5 and self.image_size // 2**layers >= 4):
            raise ValueError(
                "discriminator_layers: expected 1 to 5, with at least 4 pixels left of an image of "
                f"{self.image_size}, got {layers}"
            )

    @property
    def halvings(self) -> int:
        """Number of a discriminator's layers that halve the map."""
        return self.discriminator_layers or choose_layers(self.image_size)

    def steps(self, source: int) -> int:
        """Return the steps of an epoch: one pass through the labelled images, at most steps_per_epoch."""
        once = -(-source // self.batch_size)
        return min(once, self.steps_per_epoch or once)

    def rate(self, epoch: int) -> float:
        """Return the factor of the learning rates in an epoch (from 1). It falls in the second half."""
        constant = (self.epochs + 1) // 2
        return min(1.0, (self.epochs - epoch + 1) / (self.epochs - constant + 1))
