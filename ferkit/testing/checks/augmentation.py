"""Checks of augmentations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ferkit.neural.augment import find_wrong, is_batched
from ferkit.testing.check import check, expect, expect_agreed, skip
from ferkit.testing.component_under_test import ComponentUnderTest
from ferkit.testing.drawing import LABELS, draw_face
from ferkit.testing.training import random_state, seed_all

SEEDS = (0, 1, 2, 3, 2**32 - 1)


def _image(subject: ComponentUnderTest) -> Any:
    """Draw an image (side, side, 3), or a batch (4, 3, side, side) if it is batched."""
    images = [draw_face(label, 0, subject.image_size) for label in LABELS]
    if not is_batched(subject.built):
        return images[0]
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255


def _copy(image: Any) -> Any:
    return image.clone() if isinstance(image, Tensor) else image.copy()


def _results(subject: ComponentUnderTest) -> Iterator[tuple[Any, Any]]:
    """Yield an image or batch, and its transformation, for several seeds."""
    image = _image(subject)
    for seed in SEEDS:
        yield image, subject.built(_copy(image), seed)


def _is_same(one: Any, other: Any) -> bool:
    return bool(torch.equal(one, other) if isinstance(one, Tensor) else np.array_equal(one, other))


@check("augmentation", is_basis=True)
def gives_an_image(subject: ComponentUnderTest) -> None:
    """It returns (H, W, 3) uint8. If is_batched, it returns float32 of the shape of the batch."""
    for image, found in _results(subject):
        fix = "Round and clip to 0–255, and convert with .astype(np.uint8). Keep the three channels."
        if isinstance(image, Tensor):
            fix = "Keep number, size and type of the images."
        expect_agreed(find_wrong(found, image), fix)


@check("augmentation", rests=True)
def stays_in_range(subject: ComponentUnderTest) -> None:
    """If is_batched, the results are finite and from 0 to 1."""
    if not is_batched(subject.built):
        skip("uint8 has this range")
    for _, found in _results(subject):
        low, high = float(found.min()), float(found.max())
        is_right = bool(torch.isfinite(found).all()) and low >= 0 and high <= 1
        expect(is_right, "numbers from 0 to 1", f"{low:g} to {high:g}", "Clamp the result to 0–1.")


@check("augmentation", rests=True)
def accepts_a_uniform_image(subject: ComponentUnderTest) -> None:
    """It transforms a black and a white image."""
    for value in (0, 255):
        image = np.full_like(_image(subject), value) if not is_batched(subject.built) else _image(subject)
        if isinstance(image, Tensor):
            image = torch.full_like(image, value / 255)
        found = subject.built(_copy(image), 0)
        expect_agreed(find_wrong(found, image), "If the range or deviation of an image is 0, divide by 1.")
        is_right = not isinstance(found, Tensor) or bool(torch.isfinite(found).all())
        fix = "If the range or deviation of an image is 0, divide by 1."
        expect(is_right, f"finite numbers for a uniform image of {value}", "others", fix)


@check("augmentation", rests=True)
def depends_on_its_seed_alone(subject: ComponentUnderTest) -> None:
    """The same image and seed give the same result."""
    image = _image(subject)
    with torch.random.fork_rng(devices=[]):
        for seed in SEEDS:
            seed_all(0)
            one = subject.built(_copy(image), seed)
            seed_all(1)
            other = subject.built(_copy(image), seed)
            fix = "Draw all random numbers from a generator of the seed, such as np.random.default_rng(seed)."
            expect(_is_same(one, other), f"the same result twice with the seed {seed}", "different ones", fix)


@check("augmentation", rests=True)
def leaves_the_global_generators_alone(subject: ComponentUnderTest) -> None:
    """It does not use the global random generators of torch, numpy and Python."""
    image, before = _image(subject), random_state()
    subject.built(_copy(image), 1)
    fix = (
        "Use a generator of its own, or torch.random.fork_rng. The training uses the global generators at "
        "the same time, in another thread."
    )
    expect(random_state() == before, "unchanged states of the generators", "other states", fix)
