"""Transforms of albumentations: the same images as albumentations itself makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import albumentations
import numpy as np
import pytest
from ferkit_augmentations import of_kornia
from ferkit_augmentations.bounds import is_usual
from ferkit_augmentations.elsewhere import find_elsewhere
from ferkit_augmentations.of_albumentations import find_transforms
from numpy.typing import NDArray

from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.errors import ComponentError
from ferkit.neural.augment import Augmentation
from ferkit.neural.augment_checks import check_augmentations
from ferkit.recipe.extends import read_table

SIDE = 48
REGISTRY = load_plugins()
IMAGE = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
RECIPES = [
    file.stem
    for file in sorted((Path(__file__).parents[3] / "recipes").glob("*.toml"))
    if "[[augment]]" in file.read_text(encoding="utf-8")
]


def composed(parts: list[Part], seed: int) -> NDArray[np.uint8]:
    """Apply the transforms in a Compose, each seeded on its own, as ferkit did before it had components."""
    transforms = []
    for part in parts:
        options = {key: tuple(one) if isinstance(one, list) else one for key, one in part.options.items()}
        if part.name == "RandomResizedCrop":
            options.setdefault("size", (SIDE, SIDE))
        transforms.append(getattr(albumentations, part.name)(**options))
    compose = albumentations.Compose(transforms)
    seeds = np.random.SeedSequence(seed).generate_state(len(transforms))
    for transform, own in zip(transforms, seeds.tolist(), strict=True):
        transform.set_random_seed(own)
    altered: NDArray[np.uint8] = compose(image=IMAGE)["image"]
    return altered


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_shipped_recipes_images_stay_the_same_bit_for_bit(recipe: str) -> None:
    parts = [Part(**table) for table in read_table(recipe)["augment"]]
    augment = Augmentation(parts, SIDE, REGISTRY)
    altered = [augment(IMAGE, seed) for seed in range(30)]
    for seed, one in enumerate(altered):
        np.testing.assert_array_equal(one, composed(parts, seed))
    assert len({one.tobytes() for one in altered}) > 10


def test_a_name_alone_is_short_for_the_provider_and_the_transform() -> None:
    short = Augmentation([Part(name="Rotate", limit=[-40, 40], p=0.7)], SIDE, REGISTRY)
    part = Part(name="albumentations", transform="Rotate", limit=[-40, 40], p=0.7)
    full = Augmentation([part], SIDE, REGISTRY)
    for seed in range(10):
        np.testing.assert_array_equal(short(IMAGE, seed), full(IMAGE, seed))


def test_only_classes_that_transform_images_are_names() -> None:
    names = find_transforms().keys()
    assert {"HorizontalFlip", "Equalize", "CoarseDropout"} <= names
    assert not {"Compose", "OneOf", "BasicTransform", "np"} & names


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_shipped_recipe_is_checked_without_another_process(recipe: str) -> None:
    for table in read_table(recipe)["augment"]:
        options = {key: value for key, value in table.items() if key != "name"}
        assert is_usual(find_transforms()[table["name"]], options, SIDE), table


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ({"name": "RandAugment"}, '{ name = "torchvision", transform = "RandAugment" }'),
        ({"name": "torchvision", "transform": "RandomSnow"}, '{ name = "albumentations", transform = '),
        ({"name": "HorizontalFlp"}, "Did you mean 'HorizontalFlip'"),
    ],
)
def test_a_transform_of_another_library_is_suggested(table: dict[str, Any], hint: str) -> None:
    (problem,) = check_augmentations([table], SIDE, REGISTRY)
    assert hint in str(problem)


def test_a_library_that_is_not_installed_suggests_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> dict[str, Any]:
        raise ComponentError("kornia is not installed")

    monkeypatch.setattr(of_kornia, "find_transforms", refuse)
    assert find_elsewhere("RandomPlanckianJitter", "albumentations") == ""


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("CoarseDropout", {"num_holes_range": [8, 8], "hole_height_range": [6, 6]}, True),
        ("Rotate", {"limit": 40}, True),
        ("RandomScale", {"scale_limit": 10}, False),
        ("ZoomBlur", {"step_factor": 1e-6}, False),
        ("FDA", {"reference_images": ["file"]}, False),
        ("Rotate", {"limit": [[1] * 99]}, False),
    ],
)
def test_options_near_the_defaults_are_usual(name: str, options: dict[str, Any], expected: bool) -> None:
    assert is_usual(find_transforms()[name], options, 160) is expected
