"""A transform of torchvision.transforms.v2."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.transforms import v2

from ferkit_augmentations.names import complete_options
from ferkit_augmentations.own_random import OwnRandom
from ferkit_augmentations.problems import find_problems

OTHERS = frozenset(
    {
        *("Transform", "Compose", "RandomApply", "RandomChoice", "RandomOrder", "Lambda"),
        *("CutMix", "MixUp", "FiveCrop", "TenCrop", "LinearTransformation", "UniformTemporalSubsample"),
        *("RandomIoUCrop", "ClampBoundingBoxes", "ClampKeyPoints", "ConvertBoundingBoxFormat"),
        *("SetClampingMode", "SanitizeBoundingBoxes", "SanitizeKeyPoints"),
        *("PILToTensor", "ToImage", "ToPILImage", "ToPureTensor", "ToTensor", "ToDtype", "Normalize"),
        "ConvertImageDtype",
    }
)
"""Classes that need more than an image, or that return something else."""
ENUMERATIONS = {"interpolation": v2.InterpolationMode, "policy": v2.AutoAugmentPolicy}
"""Options whose strings older versions of torchvision do not convert."""


class TorchvisionAugmentation:
    """An image transform of torchvision.transforms.v2, such as RandAugment.

    All other options are those of the transform. A list becomes a tuple. `size` is (side, side) unless it is
    set. The transform draws from a random generator of its own, not from that of torch.

    Args:
        side: Width and height of the images, in pixels.
        transform: Name of the class, such as "TrivialAugmentWide".
        options: Options of the class.
    """

    def __init__(self, side: int, transform: str, **options: Any) -> None:
        kind = find_transforms()[transform]
        made = complete_options(kind, options, side)
        for name in ENUMERATIONS.keys() & made.keys():
            made[name] = ENUMERATIONS[name](made[name])
        self.transform = kind(**made)

    def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """Transform (H, W, 3) uint8 to (H', W', 3) uint8."""
        with OwnRandom(seed):
            altered = self.transform(torch.from_numpy(image.transpose(2, 0, 1)))
        found: NDArray[np.uint8] = np.ascontiguousarray(altered.numpy().transpose(1, 2, 0))
        return found

    @staticmethod
    def problems(side: int, transform: str, **options: Any) -> Mapping[str, str]:
        """Return the problems by option."""

        def find_unknown_words() -> Mapping[str, str]:
            found = {}
            for name in ENUMERATIONS.keys() & options.keys():
                words = [one.value for one in ENUMERATIONS[name]]
                if options[name] not in words:
                    found[name] = f"expected one of {', '.join(words)}, got {options[name]!r}"
            return found

        known, given = find_transforms(), {"transform": transform, **options}
        library = "torchvision.transforms.v2"
        return find_problems(TorchvisionAugmentation, library, known, side, given, find_unknown_words)


@functools.cache
def find_transforms() -> dict[str, Any]:
    """Return the transforms that need only an image, by name."""
    members = sorted(vars(v2).items())
    found = {name: one for name, one in members if isinstance(one, type) and issubclass(one, v2.Transform)}
    return {name: one for name, one in found.items() if name not in OTHERS}
