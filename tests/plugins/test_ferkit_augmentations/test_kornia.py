"""Augmentations of kornia on batches, and Cutout: the paper's augmentations on the device."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np
import pytest
import torch
from ferkit_augmentations import of_kornia

from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.neural.augment import Augmentation
from ferkit.neural.augment_checks import check_augmentations

SIDE = 32
REGISTRY = load_plugins()
BATCH = torch.rand(8, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
PAPER: list[dict[str, Any]] = [
    {"name": "kornia", "transform": "RandomHorizontalFlip", "p": 0.5},
    {"name": "kornia", "transform": "RandomRotation", "degrees": [-15.0, 15.0], "p": 0.5},
    {"name": "kornia", "transform": "RandomEqualize", "p": 0.5},
    {"name": "kornia", "transform": "RandomResizedCrop", "scale": [0.7, 1.0], "ratio": [0.9, 1.1]},
    {"name": "cutout", "holes": 8, "size": 6, "p": 0.5},
]


def augmentation(*tables: dict[str, Any]) -> Augmentation:
    return Augmentation([Part(**table) for table in tables], SIDE, REGISTRY)


def test_the_papers_augmentations_run_on_a_batch() -> None:
    assert check_augmentations(PAPER, SIDE, REGISTRY) == []
    augment = augmentation(*PAPER)
    assert augment.has_batched
    assert not augment.has_single
    altered = augment.on_batch(BATCH, 1)
    assert altered.shape == BATCH.shape
    assert 0 <= altered.min() <= altered.max() <= 1
    assert torch.equal(altered, augment.on_batch(BATCH, 1))
    assert not torch.equal(altered, augment.on_batch(BATCH, 2))


@pytest.mark.parametrize("table", PAPER, ids=lambda table: table.get("transform", table["name"]))
def test_each_of_them_alters_images_of_a_batch_on_their_own(table: dict[str, Any]) -> None:
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]
    given = BATCH.clone()
    changed = (augmentation(table).on_batch(given, 3) != BATCH).flatten(1).any(dim=1)
    assert torch.equal(given, BATCH)
    assert changed.all() if table.get("transform") == "RandomResizedCrop" else 0 < changed.sum() < len(BATCH)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before[1:]  # type: ignore[index]


def test_a_flip_is_that_of_the_image() -> None:
    altered = augmentation({**PAPER[0], "p": 1.0}).on_batch(BATCH, 0)
    assert torch.equal(altered, BATCH.flip(3))


def test_cutout_erases_squares_inside_the_image() -> None:
    altered = augmentation({"name": "cutout", "holes": 1, "size": 5, "p": 1.0, "fill": 1.0}).on_batch(
        BATCH * 0, 4
    )
    for image in altered:
        assert image.sum() == 3 * 25
        rows, columns = image[0].any(dim=1).nonzero(), image[0].any(dim=0).nonzero()
        assert len(rows) == len(columns) == 5
    assert len({image.numpy().tobytes() for image in altered}) > 4


def test_cutouts_probability_is_of_an_image() -> None:
    many = torch.ones(2000, 3, 4, 4)
    altered = Augmentation([Part(name="cutout", holes=1, size=1, p=0.3)], 4, REGISTRY).on_batch(many, 0)
    assert (altered.flatten(1).min(dim=1).values == 0).float().mean() == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"name": "cutout", "size": 33}, "size: expected 1 to 32 (the image size), got 33"),
        ({"name": "cutout", "holes": 0}, "holes: expected 1 to 1000, got 0"),
        ({"name": "cutout", "p": 2.0}, "p: expected a number from 0 to 1, got 2.0"),
        (
            {"name": "kornia", "transform": "RandomInvert", "p": 2.0},
            "augment.0.p: expected a number",
        ),
        ({"name": "kornia", "transform": "RandomFlip"}, "kornia has no transform 'RandomFlip'."),
        ({"name": "kornia", "transform": "RandomCutMixV2"}, "kornia has no transform 'RandomCutMixV2'."),
        ({"name": "kornia", "transform": "RandomRotation"}, "RandomRotation requires this option"),
        ({"name": "kornia", "transform": "RandomInvert", "keepdim": True}, "a recipe cannot set it"),
        ({"name": "kornia", "transform": "RandomInvert", "pp": 1.0}, "RandomInvert has no option 'pp'."),
        (
            {"name": "kornia", "transform": "Resize", "size": [9, 9]},
            "expected a float32 batch of shape (4, 3, 32, 32) from Resize, got float32 of shape (4, 3, 9, 9)",
        ),
    ],
)
def test_options_that_do_not_fit_are_problems(table: dict[str, Any], problem: str) -> None:
    (found,) = check_augmentations([table], SIDE, REGISTRY)
    assert problem in str(found)


def test_a_missing_kornia_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    of_kornia.find_transforms.cache_clear()
    for name in [one for one in sys.modules if one.partition(".")[0] == "kornia"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "kornia", None)
    (found,) = check_augmentations([PAPER[0]], SIDE, REGISTRY)
    assert "pip install 'ferkit[kornia]'" in str(found)


def test_a_step_on_images_comes_before_those_on_batches() -> None:
    single = {"name": "HorizontalFlip"}
    assert check_augmentations([single, PAPER[0]], SIDE, REGISTRY) == []
    (found,) = check_augmentations([PAPER[0], single], SIDE, REGISTRY)
    assert found.where == "augment.1.name"
    assert "comes after augment.0" in found.message
    assert "before augment.0" in found.hint
