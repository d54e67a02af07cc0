"""The augmentations of a recipe: steps on images, then steps on batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ferkit.components.build import build
from ferkit.components.component import Component
from ferkit.components.contract import Wrong, disagree
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.neural.augment_names import resolve_step


class Step:
    """An augmentation with checked results.

    Args:
        part: Name and options, as in the recipe.
        side: Width and height of the network's input, in pixels.
        registry: The installed components.

    Attributes:
        is_batched: True if the step transforms batches on the device.

    Raises:
        ComponentError: The augmentation cannot be built with its options.
    """

    def __init__(self, part: Part, side: int, registry: Registry) -> None:
        part = resolve_step(part, registry)
        self.who: Component = registry.get("augmentation", part.name)
        self.call: Any = build(registry, "augmentation", part, side=side)
        self.is_batched = is_batched(self.call)

    def __call__(self, images: Any, seed: int) -> Any:
        """Transform an image (H, W, 3) uint8, or a batch (B, 3, H, W) float32 from 0 to 1.

        Raises:
            ComponentError: The result has another type or shape.
        """
        altered = self.call(images, seed)
        if wrong := find_wrong(altered, images):
            raise disagree(self.who, *wrong)
        return altered


def find_wrong(altered: Any, given: Any) -> Wrong:
    """Compare the result of a step with the image or batch that it got."""
    if isinstance(given, Tensor):
        is_right = isinstance(altered, Tensor) and (altered.shape, altered.dtype) == (
            given.shape,
            given.dtype,
        )
        expected = f"a float32 batch of shape {tuple(given.shape)}"
    else:
        is_right = isinstance(altered, np.ndarray) and altered.dtype == np.uint8
        is_right = is_right and altered.shape[2:] == (3,) and altered.size > 0
        expected = "a uint8 RGB image of shape (H, W, 3)"
    return None if is_right else (expected, _describe(altered))


def _describe(found: Any) -> str:
    if isinstance(found, np.ndarray | Tensor):
        return f"{str(found.dtype).removeprefix('torch.')} of shape {tuple(found.shape)}"
    return type(found).__name__


class Augmentation:
    """The steps of `[[augment]]`, in order. Steps on images come first.

    Args:
        parts: Names and options, checked by `check_augmentations`.
        side: Width and height of the network's input, in pixels.
        registry: The installed components.
    """

    def __init__(self, parts: Sequence[Part], side: int, registry: Registry) -> None:
        self.steps = [Step(part, side, registry) for part in parts]
        self.has_batched = any(step.is_batched for step in self.steps)
        self.has_single = any(not step.is_batched for step in self.steps)

    def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """Apply the steps on images: (H, W, 3) uint8 to (H', W', 3). The same seed gives the same result."""
        altered = image.copy() if self.has_single else image  # a step may write into what it is given
        for step, own in self._seeded(seed):
            if not step.is_batched:
                altered = step(altered, own)
        return altered

    def on_batch(self, images: Tensor, seed: int) -> Tensor:
        """Apply the steps on batches: (B, 3, H, W) float32, 0 to 1, to the same shape."""
        for step, own in self._seeded(seed):
            if step.is_batched:
                images = step(images, own)
        return images

    def _seeded(self, seed: int) -> list[tuple[Step, int]]:
        """Return each step with a seed. With one seed, steps with equal p would occur together."""
        seeds = np.random.SeedSequence(seed).generate_state(len(self.steps)).tolist()
        return list(zip(self.steps, seeds, strict=True))


def is_batched(augmentation: Any) -> bool:
    """Return True if an augmentation, or its class, transforms batches on the device."""
    return bool(getattr(augmentation, "is_batched", False))


def has_image_steps(parts: Sequence[Part], registry: Registry) -> bool:
    """Return True if a step transforms single images on the CPU."""
    names = {resolve_step(part, registry).name for part in parts}
    return any(not is_batched(registry.get("augmentation", name).load()) for name in names)
