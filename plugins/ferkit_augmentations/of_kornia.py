"""An augmentation of kornia, on batches."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

from torch import Tensor

from ferkit.plugin import ComponentError
from ferkit_augmentations.device_random import seeded
from ferkit_augmentations.names import complete_options
from ferkit_augmentations.problems import find_problems

HIDDEN = frozenset({"keepdim", "return_transform"})
"""Options that change the shape of the result."""


class KorniaAugmentation:
    """A 2D augmentation of kornia on a batch, on the device of the training. It needs `ferkit[kornia]`.

    Each image of the batch gets random numbers of its own. All other options are those of the class. A list
    becomes a tuple. `size` is (side, side) unless it is set.

    Args:
        side: Width and height of the images, in pixels.
        transform: Name of the class, such as "RandomHorizontalFlip".
        options: Options of the class.

    Raises:
        ComponentError: kornia is not installed.
    """

    is_batched: ClassVar[bool] = True

    def __init__(self, side: int, transform: str, **options: Any) -> None:
        kind = find_transforms()[transform]
        self.transform = kind(**complete_options(kind, options, side))

    def __call__(self, images: Tensor, seed: int) -> Tensor:
        """Transform (B, 3, side, side) float32, 0 to 1, to the same shape and range."""
        with seeded(seed, images.device):
            altered: Tensor = self.transform(images)
        return altered.clamp_(0, 1)

    @staticmethod
    def problems(side: int, transform: str, **options: Any) -> Mapping[str, str]:
        """Return the problems by option."""

        def find_hidden() -> Mapping[str, str]:
            reason = "a recipe cannot set it: it changes the shape of the batch"
            return dict.fromkeys(HIDDEN & options.keys(), reason)

        given = {"transform": transform, **options}
        return find_problems(KorniaAugmentation, "kornia", find_transforms(), side, given, find_hidden)


@functools.cache
def find_transforms() -> dict[str, Any]:
    """Return the 2D augmentations by name. Raises ComponentError if kornia is not installed."""
    try:
        library = import_module("kornia.augmentation")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "kornia":
            raise
        hint = "Install it: pip install 'ferkit[kornia]'"
        raise ComponentError(f"augmentation 'kornia' needs kornia, which is not installed. {hint}") from None
    base = library.IntensityAugmentationBase2D, library.GeometricAugmentationBase2D
    members = sorted(vars(library).items())
    return {
        name: one
        for name, one in members
        if isinstance(one, type) and issubclass(one, base) and not name.endswith("Base2D")
    }
