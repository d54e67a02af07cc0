"""LBP: patterns by hand, cells and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ferkit_svm.lbp import LbpDescriptor
from skimage.feature import local_binary_pattern

ONE = {"points": 4, "radius": 1.0, "grid": 1}


def test_a_pixel_alone_has_the_pattern_of_its_brighter_neighbours() -> None:
    image = np.zeros((3, 3))
    image[1, 1] = 5.0
    bins = []
    for row, column in ((1, 2), (0, 1), (1, 0), (2, 1)):
        brighter = image.copy()
        brighter[row, column] = 9.0
        found = LbpDescriptor(**ONE)(brighter)
        assert sorted(found.tolist()) == [0.0] * 14 + [1.0]
        bins.append(int(found.argmax()))
    # Bin 0 is for no bright neighbour; then one, at each of the four places.
    assert sorted(bins) == [1, 2, 3, 4]
    assert LbpDescriptor(**ONE)(image)[0] == 1.0


def test_an_image_of_one_grey_has_the_pattern_of_all_bits() -> None:
    found = LbpDescriptor(**ONE)(np.full((5, 5), 77.0))
    assert found[13] == 1.0  # after 1 + 3·4 others, before the one for what is not uniform
    assert found.sum() == 1.0


def test_each_cell_counts_the_patterns_of_pixels_whose_circle_lies_inside_the_image() -> None:
    image = np.random.default_rng(0).integers(0, 256, (12, 12)).astype(float)
    patterns = local_binary_pattern(image.astype(np.uint8), 8, 2, method="nri_uniform").astype(int)
    expected = np.bincount(patterns[2:6, 6:10].ravel(), minlength=59) / 16
    found = LbpDescriptor(grid=2)(image).reshape(4, 59)
    np.testing.assert_allclose(found[1], expected)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_the_default_has_2891_numbers() -> None:
    assert LbpDescriptor()(np.random.default_rng(0).uniform(0, 255, (128, 128))).shape == (2891,)


def test_the_smallest_image_has_a_pixel_for_each_cell() -> None:
    descriptor = LbpDescriptor(radius=1.5, grid=3)
    assert descriptor(np.eye(7) * 255).shape == (9 * 59,)
    with pytest.raises(ValueError, match=r"radius: 1\.5 with a grid of 3 needs .* at least 7 .* got 7 by 6"):
        descriptor(np.zeros((7, 6)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": 3}, "points: .* got 3"),
        ({"points": 17}, "points: .* got 17"),
        ({"radius": 0.5}, "radius: .* got 0.5"),
        ({"radius": 9.0}, "radius: .* got 9.0"),
        ({"grid": 0}, "grid: .* got 0"),
    ],
)
def test_an_option_that_can_not_work_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LbpDescriptor(**options)
