"""The recipe's list of transforms: what is wrong with it, and what it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ferkit.components.component import Component
from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.errors import ComponentError
from ferkit.neural.augment import Augmentation
from ferkit.neural.augment_checks import check_augmentations
from ferkit.recipe.check import check_components

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


@pytest.mark.parametrize(
    ("table", "option"),
    [
        ({"name": "CoarseDropout", "num_holes_range": [1, 2**31]}, "num_holes_range"),
        ({"name": "GaussianBlur", "blur_limit": [3, 10**9 + 1]}, "blur_limit"),
        ({"name": "Resize", "height": 100_000, "width": 10}, "height"),
        ({"name": "PadIfNeeded", "min_height": 10**6, "min_width": 3}, "min_height"),
        ({"name": "Affine", "translate_px": {"x": -(10**12), "y": 0}}, "translate_px"),
        ({"name": "torchvision", "transform": "Pad", "padding": [1, 1, 1, 10**6]}, "padding"),
        ({"name": "kornia", "transform": "RandomMotionBlur", "kernel_size": 10**7 + 1}, "kernel_size"),
        ({"name": "Rotate", "limit": float("inf")}, "limit"),
    ],
)
def test_numbers_that_take_all_memory_or_time_are_refused(table: dict[str, Any], option: str) -> None:
    (found,) = check_augmentations([table], 160, REGISTRY)
    assert found.where == f"augment.0.{option}"
    assert "expected numbers from -" in found.message


@pytest.mark.slow
@pytest.mark.subprocess
@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"name": "ThinPlateSpline", "num_control_points": 100}, "needs more than 1 s or 2 GiB"),
        ({"name": "ZoomBlur", "step_factor": [1e-7, 1e-7]}, "ZoomBlur "),
        (
            {
                "name": "torchvision",
                "transform": "ScaleJitter",
                "target_size": [9, 9],
                "scale_range": [900, 900],
            },
            "S",
        ),
    ],
)
def test_a_transform_that_takes_too_long_or_too_much_memory_is_refused(
    monkeypatch: pytest.MonkeyPatch, table: dict[str, Any], words: str
) -> None:
    monkeypatch.setattr("ferkit_augmentations.trial.SECONDS", 1)
    (found,) = check_augmentations([table], 160, REGISTRY)
    assert found.where == "augment.0"
    assert words in found.message


@pytest.mark.slow
@pytest.mark.subprocess
def test_a_transform_whose_result_is_too_large_is_refused() -> None:
    (found,) = check_augmentations([{"name": "RandomScale", "scale_limit": [40, 40]}], 160, REGISTRY)
    assert found.where == "augment.0"
    assert "at most 4096 by 4096 pixels" in found.message


@pytest.mark.slow
@pytest.mark.subprocess
def test_an_unusual_transform_that_works_has_no_problems() -> None:
    warm = {"name": "ElasticTransform", "alpha": 120, "sigma": 6}
    assert check_augmentations([warm], 160, REGISTRY) == []


class Careless:
    """Writes into what it is given, or returns something else, or fails."""

    def __init__(self, side: int, mode: str = "writes") -> None:
        self.side = side
        self.mode = mode

    def __call__(self, image: NDArray[np.uint8], seed: int) -> Any:
        if self.mode == "fails":
            raise KeyError("angle")
        if self.mode == "refuses":
            raise ValueError("angle: expected 3")
        if self.mode == "floats":
            return image / 255
        image[:] = self.side
        return image

    @staticmethod
    def problems(side: int, mode: str = "writes") -> Any:
        return (
            {"mode": f"expected another one for {side}"}
            if mode == "known"
            else ["x"]
            if mode == "list"
            else {}
        )


@pytest.fixture
def careless() -> Registry:
    registry = load_plugins()
    parts = [Component("augmentation", "careless", f"{__name__}:Careless", "A stranger's")]
    registry.add(parts, "ferkit_strange (ferkit-strange 1.0)")
    return registry


def test_a_strangers_augmentation_gets_a_copy_and_the_side(careless: Registry) -> None:
    image = IMAGE.copy()
    altered = Augmentation([Part(name="careless")], 32, careless)(image, 0)
    assert (altered == 32).all()
    np.testing.assert_array_equal(image, IMAGE)


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        ("known", "augment.0.mode: expected another one for 160"),
        ("fails", "augment.0: careless failed with these options: KeyError: 'angle' (test_augment.py:"),
        ("refuses", "augment.0: careless failed with these options: angle: expected 3"),
        ("floats", "augment.0: expected a uint8 RGB image of shape (H, W, 3) from careless, got float64"),
        (
            "list",
            "augment.0: augmentation 'careless' of ferkit_strange (ferkit-strange 1.0) broke",
        ),
    ],
)
def test_a_strangers_failure_is_a_problem(mode: str, problem: str, careless: Registry) -> None:
    (found,) = check_augmentations([{"name": "careless", "mode": mode}], 160, careless)
    assert str(found).startswith(problem)


def test_a_wrong_image_in_a_training_names_the_plugin(careless: Registry) -> None:
    with pytest.raises(ComponentError, match=r"'careless' of ferkit_strange .* expected a uint8 RGB image"):
        Augmentation([Part(name="careless", mode="floats")], 32, careless)(IMAGE, 0)


def test_an_unknown_option_of_a_component_is_a_problem_of_its_key(careless: Registry) -> None:
    table = {"augment": [{"name": "careless", "mod": 3}]}
    found = [str(one) for one in check_components(table, careless) if one.where.startswith("augment")]
    assert found == [
        "augment.0.mod: augmentation 'careless' has no option 'mod'. Did you mean 'mode'? There is: mode."
    ]


def test_a_transform_is_not_given_twice() -> None:
    table = {"augment": [{"name": "HorizontalFlip", "transform": "Rotate"}]}
    (found,) = [one for one in check_components(table, REGISTRY) if one.where.startswith("augment")]
    assert "no augmentation is called 'HorizontalFlip'" in found.message
