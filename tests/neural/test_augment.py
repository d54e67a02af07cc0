"""The recipe's list of transforms: what is wrong with it, and what it does."""

from __future__ import annotations

import inspect
from typing import Any

import albumentations
import numpy as np
import pytest

from ferkit.components.part import Part
from ferkit.neural import augment
from ferkit.neural.augment import Augmentation, check_transforms, transform_names
from ferkit.neural.augment_bounds import is_usual

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
    assert check_transforms([table], 160) == []


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (
            {"name": "HorizontlFlip"},
            "augment.0.name: albumentations has no transform 'HorizontlFlip'. Did you mean 'HorizontalFlip'?",
        ),
        (
            {"name": "zzz"},
            "augment.0.name: albumentations has no transform 'zzz'. Its transforms are ",
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
        ({"name": "Normalize"}, "augment.0: expected a uint8 RGB image from Normalize"),
        ({"name": "ToGray", "num_output_channels": 1}, "augment.0: expected a uint8 RGB image from ToGray"),
    ],
)
def test_a_transform_that_can_not_be_used_says_why(table: dict[str, Any], problem: str) -> None:
    (found,) = check_transforms([table], 160)
    assert str(found).startswith(problem)
    assert "pydantic" not in str(found)


def test_every_transform_of_a_list_is_checked() -> None:
    tables = [{"name": "x"}, {"name": "HorizontalFlip"}, {"name": "Rotate", "a": 1, "b": 2}, {"nam": "x"}, 3]
    found = [problem.where for problem in check_transforms(tables, 160)]
    assert found == ["augment.0.name", "augment.2.a", "augment.2.b"]


def test_only_classes_that_transform_images_are_names() -> None:
    names = transform_names()
    assert {"HorizontalFlip", "Equalize", "CoarseDropout"} <= set(names)
    assert not {"Compose", "OneOf", "BasicTransform", "np"} & set(names)


def test_the_same_seed_alters_an_image_in_the_same_way() -> None:
    alter = Augmentation(
        [Part(name="RandomResizedCrop"), Part(name="Rotate", limit=[-40, 40], p=1.0)], side=32
    )
    first, again, other = alter(IMAGE, 1), alter(IMAGE, 1), alter(IMAGE, 2)
    assert first.shape == (32, 32, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_transforms_are_applied_in_the_recipes_order() -> None:
    parts = [Part(name="HorizontalFlip", p=1.0), Part(name="Crop", x_max=10, y_max=10, p=1.0)]
    np.testing.assert_array_equal(Augmentation(parts, 32)(IMAGE, 0), IMAGE[:10, ::-1][:, :10])
    np.testing.assert_array_equal(Augmentation(parts[::-1], 32)(IMAGE, 0), IMAGE[:10, :10][:, ::-1])


def test_transforms_are_drawn_independently_of_one_another() -> None:
    parts = [Part(name="HorizontalFlip", p=0.5), Part(name="InvertImg", p=0.5)]
    alter = Augmentation(parts, 24)
    image = np.zeros((2, 2, 3), np.uint8)
    image[:, 0] = 10
    outcomes = set()
    for seed in range(64):
        altered = alter(image, seed)
        is_inverted = altered.max() > 200
        left = int(altered[0, 0, 0]) in (10, 245)
        outcomes.add((not left, bool(is_inverted)))
    assert outcomes == {(False, False), (False, True), (True, False), (True, True)}


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        ({"name": "CoarseDropout", "num_holes_range": [8, 2**31]}, ".num_holes_range", "got 2147483648"),
        ({"name": "Blur", "blur_limit": [3, 99_999]}, ".blur_limit", "from -4096 to 4096, got 99999"),
        ({"name": "Resize", "height": 90_000, "width": 96}, ".height", "to 4096, got 90000"),
        ({"name": "GlassBlur", "iterations": 10**6}, ".iterations", "to 20000, got 1000000"),
        ({"name": "Rotate", "limit": [0, float("nan")]}, ".limit", "got NaN"),
    ],
)
def test_a_number_that_no_image_needs_is_refused_before_it_is_tried(
    table: dict[str, Any], key: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(augment, "make_transform", None)
    (found,) = check_transforms([table], 160)
    assert found.where == f"augment.0{key}"
    assert words in found.message


@pytest.mark.slow
@pytest.mark.subprocess
@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"name": "ThinPlateSpline", "num_control_points": 100}, "needs more than 5 s or 2 GiB"),
        ({"name": "ZoomBlur", "step_factor": [1e-7, 1e-7]}, "needs more than 5 s or 2 GiB"),
        ({"name": "RandomScale", "scale_limit": [200, 200]}, "memory"),
        ({"name": "RandomScale", "scale_limit": [40, 40]}, "at most 4096 by 4096 pixels"),
    ],
)
def test_a_transform_that_takes_too_long_or_too_much_memory_is_refused(
    table: dict[str, Any], words: str
) -> None:
    (found,) = check_transforms([table], 160)
    assert found.where == "augment.0"
    assert words in found.message


@pytest.mark.slow
@pytest.mark.subprocess
def test_an_unusual_transform_that_works_has_no_problems() -> None:
    assert check_transforms([{"name": "ElasticTransform", "alpha": 120, "sigma": 6}], 160) == []


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"name": "CoarseDropout", "num_holes_range": [8, 8], "hole_height_range": [6, 6]}, True),
        ({"name": "Rotate", "limit": 40}, True),
        ({"name": "RandomScale", "scale_limit": 10}, False),
        ({"name": "ZoomBlur", "step_factor": 1e-6}, False),
        ({"name": "FDA", "reference_images": ["file"]}, False),
        ({"name": "Rotate", "limit": [[1] * 99]}, False),
    ],
)
def test_options_near_the_defaults_are_usual(table: dict[str, Any], expected: bool) -> None:
    parameters = inspect.signature(getattr(albumentations, table["name"])).parameters
    assert is_usual(table, parameters, 160) is expected
