"""The recipe's list of transforms: what is wrong with it, and what it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.neural.augment import Augmentation
from ferkit.neural.augment_checks import check_augmentations

REGISTRY = load_plugins()
IMAGE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "table",
    [
        {"name": "HorizontalFlip", "p": 0.5},
        {"name": "RandomResizedCrop", "scale": [0.8, 1.0], "ratio": [0.9, 1.1]},
        {"name": "CoarseDropout", "num_holes_range": [8, 8], "hole_height_range": [6, 6]},
        {"name": "RandomCrop", "height": 30, "width": 30},
    ],
)
def test_transforms_that_fit_have_no_problems(table: dict[str, Any]) -> None:
    assert check_augmentations([table], 160, REGISTRY) == []


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (
            {"name": "HorizontlFlip"},
            "augment.0.name: albumentations has no transform 'HorizontlFlip'. Did you mean 'HorizontalFlip'?",
        ),
        (
            {"name": "zzz"},
            "augment.0.name: albumentations has no transform 'zzz'. The documentation of albumentations",
        ),
        (
            {"name": "tochvision"},
            "augment.0.name: no augmentation is called 'tochvision'. Did you mean 'torch",
        ),
        ({"name": "Compose"}, "augment.0.name: albumentations has no transform 'Compose'."),
        (
            {"name": "Rotate", "limits": 3},
            "augment.0.limits: Rotate has no option 'limits'. Did you mean 'limit'? There is: border_mode, ",
        ),
        (
            {"name": "RandomResizedCrop", "scale": [0.8, 7.0]},
            "augment.0.scale: RandomResizedCrop rejects [0.8, 7.0] (a list): All values in ",
        ),
        ({"name": "HorizontalFlip", "p": 3}, "augment.0.p: HorizontalFlip rejects 3 (a whole number): "),
        ({"name": "Rotate", "limit": "x"}, 'augment.0.limit: Rotate rejects "x" (a string): '),
        ({"name": "RandomCrop", "height": 30}, "augment.0.width: RandomCrop requires this option"),
        ({"name": "OverlayElements"}, "augment.0: OverlayElements failed with these options: "),
        (
            {"name": "Normalize"},
            "augment.0: expected a uint8 RGB image of shape (H, W, 3) from Normalize",
        ),
        (
            {"name": "ToGray", "num_output_channels": 1},
            "augment.0: expected a uint8 RGB image of shape (H, W, 3) from ToGray, got uint8",
        ),
    ],
)
def test_a_transform_that_can_not_be_used_says_why(table: dict[str, Any], problem: str) -> None:
    (found,) = check_augmentations([table], 160, REGISTRY)
    assert str(found).startswith(problem)
    assert "pydantic" not in str(found)


def test_every_transform_of_a_list_is_checked() -> None:
    tables = [{"name": "x"}, {"name": "HorizontalFlip"}, {"name": "Rotate", "a": 1, "b": 2}, {"nam": "x"}, 3]
    found = [problem.where for problem in check_augmentations(tables, 160, REGISTRY)]
    assert found == ["augment.0.name", "augment.2.a", "augment.2.b"]


def test_the_same_seed_alters_an_image_in_the_same_way() -> None:
    alter = Augmentation(
        [Part(name="RandomResizedCrop"), Part(name="Rotate", limit=[-40, 40], p=1.0)], 32, REGISTRY
    )
    first, again, other = alter(IMAGE, 1), alter(IMAGE, 1), alter(IMAGE, 2)
    assert first.shape == (32, 32, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_transforms_are_applied_in_the_recipes_order() -> None:
    parts = [Part(name="HorizontalFlip", p=1.0), Part(name="Crop", x_max=10, y_max=10, p=1.0)]
    np.testing.assert_array_equal(Augmentation(parts, 32, REGISTRY)(IMAGE, 0), IMAGE[:10, ::-1][:, :10])
    np.testing.assert_array_equal(Augmentation(parts[::-1], 32, REGISTRY)(IMAGE, 0), IMAGE[:10, :10][:, ::-1])


def test_transforms_are_drawn_independently_of_one_another() -> None:
    parts = [Part(name="HorizontalFlip", p=0.5), Part(name="InvertImg", p=0.5)]
    alter = Augmentation(parts, 24, REGISTRY)
    image = np.zeros((2, 2, 3), np.uint8)
    image[:, 0] = 10
    outcomes = set()
    for seed in range(64):
        altered = alter(image, seed)
        is_inverted = altered.max() > 200
        left = int(altered[0, 0, 0]) in (10, 245)
        outcomes.add((not left, bool(is_inverted)))
    assert outcomes == {(False, False), (False, True), (True, False), (True, True)}
