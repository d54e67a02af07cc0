"""The recipe's `[[augment]]` list, as one function of an image and a seed."""

from __future__ import annotations

import inspect
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferkit.recipe import Part

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network for its newest version

import albumentations


class Augmentation:
    """albumentations' transforms, one after the other. Made of checked parts.

    side: given as `size` to the transforms that take a size and are told none.
    """

    def __init__(self, parts: Sequence[Part], side: int) -> None:
        self.compose = albumentations.Compose([make_transform(part, side) for part in parts])

    def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 -> (H', W', 3) uint8; the same seed alters an image in the same way."""
        self.compose.set_random_seed(seed)
        altered: NDArray[np.uint8] = self.compose(image=image)["image"]
        return altered


def make_transform(part: Part, side: int) -> albumentations.BasicTransform:
    """One transform by its class's name in albumentations."""
    transform = getattr(albumentations, part.name)
    options: dict[str, Any] = {name: _as_tuple(value) for name, value in part.options.items()}
    if "size" in inspect.signature(transform).parameters:
        options.setdefault("size", (side, side))
    return transform(**options)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
