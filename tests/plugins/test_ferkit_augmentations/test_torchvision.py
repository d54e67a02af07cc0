"""Transforms of torchvision: seeded, without a trace in the random generators of the process."""

from __future__ import annotations

import random
import threading
from typing import Any

import numpy as np
import pytest
import torch
from ferkit_augmentations.of_torchvision import find_transforms

from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.neural.augment import Augmentation
from ferkit.neural.augment_checks import check_augmentations

SIDE = 32
REGISTRY = load_plugins()
IMAGE = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
NEEDED: dict[str, dict[str, Any]] = {
    "GaussianBlur": {"kernel_size": 3},
    "Grayscale": {"num_output_channels": 3},
    "JPEG": {"quality": [30, 90]},
    "Pad": {"padding": 2},
    "RandomAdjustSharpness": {"sharpness_factor": 2.0},
    "RandomAffine": {"degrees": 10},
    "RandomPosterize": {"bits": 4},
    "RandomResize": {"min_size": 20, "max_size": 40},
    "RandomRotation": {"degrees": 10},
    "RandomShortestSize": {"min_size": 30},
    "RandomSolarize": {"threshold": 100.0},
    "ScaleJitter": {"target_size": [24, 24]},
}


def step(transform: str, **options: Any) -> Augmentation:
    part = Part(name="torchvision", transform=transform, **NEEDED.get(transform, {}), **options)
    return Augmentation([part], SIDE, REGISTRY)


@pytest.mark.filterwarnings("ignore:The image decoding:DeprecationWarning")
@pytest.mark.parametrize("transform", find_transforms())
def test_every_transform_is_seeded_and_leaves_the_global_generators(transform: str) -> None:
    table = {"name": "torchvision", "transform": transform, **NEEDED.get(transform, {})}
    assert check_augmentations([table], SIDE, REGISTRY) == []
    augment = step(transform)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]
    first = [augment(IMAGE, seed) for seed in range(4)]
    torch.rand(3)
    torch.set_rng_state(before[0])
    again = [augment(IMAGE, seed) for seed in range(4)]
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.random.get_state()[1].tolist() == before[2]  # type: ignore[index]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("transform", ["RandAugment", "TrivialAugmentWide", "AugMix", "RandomResizedCrop"])
def test_seeds_give_different_images(transform: str) -> None:
    augment = step(transform)
    assert len({augment(IMAGE, seed).tobytes() for seed in range(4)}) == 4


def test_a_thread_that_transforms_changes_no_number_that_another_draws() -> None:
    augment = step("RandomErasing", p=1.0)
    torch.manual_seed(0)
    expected = torch.rand(2000)
    torch.manual_seed(0)
    stop = threading.Event()

    def transform() -> None:
        while not stop.is_set():
            augment(IMAGE, 1)

    thread = threading.Thread(target=transform)
    thread.start()
    try:
        drawn = torch.cat([torch.rand(1) for _ in range(2000)])
    finally:
        stop.set()
        thread.join()
    assert torch.equal(drawn, torch.cat([expected[place : place + 1] for place in range(2000)]))


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"transform": "RandAugmnt"}, "augment.0.transform: torchvision.transforms.v2 has no transform"),
        ({"transform": "MixUp"}, "augment.0.transform: "),
        ({"transform": "RandAugment", "magnitde": 3}, "augment.0.magnitde: RandAugment has no option"),
        ({"transform": "GaussianBlur"}, "augment.0.kernel_size: GaussianBlur requires this option"),
        (
            {"transform": "AutoAugment", "policy": "x"},
            "augment.0.policy: expected one of imagenet, ",
        ),
        (
            {"transform": "RandomErasing", "scale": [3, 4]},
            "augment.0: RandomErasing failed with",
        ),
        (
            {"transform": "Grayscale"},
            "augment.0: expected a uint8 RGB image of shape (H, W, 3) from G",
        ),
        ({}, "augment.0: augmentation 'torchvision' needs the option 'transform'"),
        ({"transform": 3}, "augment.0.transform: expected "),
    ],
)
def test_a_transform_that_can_not_be_used_says_why(table: dict[str, Any], problem: str) -> None:
    from ferkit.recipe.check import check_components

    table = {"name": "torchvision", **table}
    found = check_augmentations([table], SIDE, REGISTRY)
    found += [one for one in check_components({"augment": [table]}, REGISTRY) if one.where.startswith("augm")]
    assert [str(one)[: len(problem)] for one in found] == [problem]
