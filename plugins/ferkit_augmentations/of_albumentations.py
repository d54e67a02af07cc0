"""A transform of albumentations."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ferkit.plugin import describe_value, temporary_variable
from ferkit_augmentations.bounds import find_too_large, is_usual
from ferkit_augmentations.names import complete_options, find_unknown
from ferkit_augmentations.trial import try_apart

# Otherwise, the import looks for a newer version on the network.
with temporary_variable("NO_ALBUMENTATIONS_UPDATE", "1"):
    import albumentations


class AlbumentationsAugmentation:
    """An image transform of albumentations.

    In a recipe, `name = "HorizontalFlip"` is short for `name = "albumentations"` with
    `transform = "HorizontalFlip"`. All other options are those of the transform. A list becomes a tuple.
    `size` is (side, side) unless it is set.

    Args:
        side: Width and height of the images, in pixels.
        transform: Name of the class, such as "HorizontalFlip".
        p: Probability of the transform, 0 to 1. Default: that of the class.
        options: Options of the class.
    """

    def __init__(self, side: int, transform: str, p: float | None = None, **options: Any) -> None:
        kind = find_transforms()[transform]
        if p is not None:
            options["p"] = p
        self.transform = kind(**complete_options(kind, options, side))

    def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """Transform (H, W, 3) uint8 to (H', W', 3) uint8."""
        self.transform.set_random_seed(seed)
        altered: NDArray[np.uint8] = self.transform(image=image)["image"]
        return altered

    @staticmethod
    def problems(side: int, transform: str, **options: Any) -> Mapping[str, str]:
        """Return the problems by option."""
        known = find_transforms()
        # albumentations only warns about unknown options.
        if found := find_unknown("albumentations", transform, known, options):
            return found
        if found := find_too_large(options, side):
            return found
        kind = known[transform]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                kind(**complete_options(kind, options, side))
        except Exception as error:
            if isinstance(cause := error.__cause__ or error, ValidationError):
                return _refused(transform, cause)
            return {"": f"{transform} failed with these options: {error}"}
        if is_usual(kind, options, side):
            return {}
        return try_apart(AlbumentationsAugmentation, side, {"transform": transform, **options})


@functools.cache
def find_transforms() -> dict[str, Any]:
    """Return the transforms that need only an image, by name."""
    base = albumentations.ImageOnlyTransform, albumentations.DualTransform
    members = sorted(vars(albumentations).items())
    return {name: one for name, one in members if isinstance(one, type) and issubclass(one, base)}


def _refused(transform: str, error: ValidationError) -> dict[str, str]:
    """Return one problem for each option. pydantic has one for each possible type of an option."""
    found: dict[str, str] = {}
    for detail in error.errors():
        option = ".".join(map(str, detail["loc"][:1]))
        reason = detail["msg"].removeprefix("Value error, ")
        problem = f"{transform} rejects {describe_value(detail['input'])}: {reason}"
        if detail["type"] == "missing":
            problem = f"{transform} requires this option"
        found.setdefault(option, problem)
    return found
