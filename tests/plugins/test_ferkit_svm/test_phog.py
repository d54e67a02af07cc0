"""PHOG: small images by hand, scikit-image's HOG if both are equal, and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ferkit_svm.phog import PhogDescriptor, find_edges
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import hog

STEP = np.repeat([[0.0, 0.0, 100.0, 100.0]], 4, axis=0)
"""Dark on the left: the middle columns' gradients are 50, to the right."""


def smooth_image(side: int, seed: int = 0, border: int = 0) -> NDArray[np.float64]:
    """Random shapes, on a border of one grey."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    image = 128 + 300 * ndimage.gaussian_filter(noise, 2)
    if border:
        image = np.pad(image[border:-border, border:-border], border, constant_values=128.0)
    return np.clip(image, 0, 255)


@pytest.mark.parametrize(
    ("image", "angle", "expected"),
    [
        (STEP, 360, 0),
        (STEP[:, ::-1], 360, 2),
        (STEP.T, 360, 1),
        (STEP.T[::-1], 360, 3),
        (STEP, 180, 0),
        (STEP[:, ::-1], 180, 0),
        (STEP.T, 180, 2),
        (STEP.T[::-1], 180, 2),
    ],
)
def test_an_edge_votes_for_the_bin_of_its_direction(
    image: NDArray[np.float64], angle: Any, expected: int
) -> None:
    found = PhogDescriptor(levels=0, bins=4, angle=angle, edges="all")(image)
    assert found.tolist() == np.eye(4)[expected].tolist()


def test_votes_of_one_edge_are_shared_among_the_cells_that_it_crosses() -> None:
    found = PhogDescriptor(levels=1, bins=4, edges="all")(STEP).reshape(5, 4)
    # Eight gradients of 50: all in the one cell of level 0, two in each of the four of level 1.
    assert found[:, 0].tolist() == [0.5, 0.125, 0.125, 0.125, 0.125]
    assert not found[:, 1:].any()


def test_cells_stand_row_by_row() -> None:
    image = np.zeros((8, 8))
    image[1:3, 5:8] = 100.0  # the upper right quarter
    found = PhogDescriptor(levels=1, bins=4, edges="all")(image).reshape(5, 4).sum(axis=1)
    assert found.tolist() == [0.5, 0.0, 0.5, 0.0, 0.0]


def test_only_canny_s_edges_vote() -> None:
    image = np.zeros((32, 32))
    image[:, 16:] = 100.0
    found = PhogDescriptor(levels=1, bins=4)(image).reshape(5, 4)
    # The edge is one pixel wide and leaves out the outermost rows: 15 of its pixels above, 15 below.
    assert found[0].tolist() == [0.5, 0.0, 0.0, 0.0]
    assert sorted(found[1:, 0].tolist()) == [0.0, 0.0, 0.25, 0.25]
    assert find_edges(image, 1.4).sum() == 30


def test_an_edge_far_fainter_than_the_strongest_is_none() -> None:
    image = np.zeros((32, 64))
    image[:, 16:], image[:, 48:] = 200.0, 201.0
    edges = find_edges(image, 1.4)
    assert edges[:, 10:22].any()
    assert not edges[:, 40:56].any()


def test_edges_are_the_same_in_an_image_of_less_contrast() -> None:
    image = smooth_image(64)
    assert 50 < find_edges(image, 1.4).sum() < 1000
    np.testing.assert_array_equal(find_edges(image, 1.4), find_edges(100 + image / 4, 1.4))


def test_one_cell_without_edges_is_scikit_image_s_hog() -> None:
    # HOG leaves out the gradients of the outermost pixels, which a border of one grey has none of.
    image = smooth_image(32, border=2)
    theirs = hog(image, orientations=9, pixels_per_cell=(32, 32), cells_per_block=(1, 1), block_norm="L1")
    ours = PhogDescriptor(levels=0, bins=9, angle=180, edges="all")(image)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_level_s_cells_are_those_of_scikit_image_s_hog() -> None:
    image = smooth_image(32, border=2)
    theirs = hog(image, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(1, 1), block_norm="L1")
    ours = PhogDescriptor(levels=2, bins=9, angle=180, edges="all")(image)[-16 * 9 :].reshape(16, 9)
    np.testing.assert_allclose(ours / ours.sum(axis=1, keepdims=True), theirs.reshape(16, 9), atol=1e-5)


@pytest.mark.parametrize("side", [32, 37])
def test_each_level_has_the_same_sum_and_its_cells_those_of_four_finer_ones(side: int) -> None:
    found = PhogDescriptor(levels=2, bins=4)(smooth_image(side)).reshape(21, 4)
    coarse, finer, finest = found[0], found[1:5], found[5:]
    assert found.sum() == pytest.approx(1)
    np.testing.assert_allclose([coarse.sum(), finer.sum(), finest.sum()], 1 / 3)
    np.testing.assert_allclose(coarse, finer.sum(axis=0))
    np.testing.assert_allclose(finer[0], finest[[0, 1, 4, 5]].sum(axis=0))


@pytest.mark.parametrize(("levels", "bins", "length"), [(4, 16, 5456), (3, 16, 1360), (0, 8, 8)])
def test_length_is_that_of_all_cells(levels: int, bins: int, length: int) -> None:
    assert PhogDescriptor(levels=levels, bins=bins)(smooth_image(128)).shape == (length,)


@pytest.mark.parametrize("grey", [0.0, 77.7, 255.0])
@pytest.mark.parametrize("edges", ["canny", "all"])
def test_an_image_of_one_grey_has_no_gradients(grey: float, edges: Any) -> None:
    found = PhogDescriptor(levels=1, edges=edges)(np.full((16, 16), grey))
    assert found.tolist() == [0.0] * 80


def test_the_smallest_image_has_a_pixel_for_each_cell() -> None:
    descriptor = PhogDescriptor(levels=4)
    assert np.isfinite(descriptor(smooth_image(16))).all()
    with pytest.raises(ValueError, match="levels: 4 needs images of at least 16 pixels a side, got 16 by 15"):
        descriptor(np.zeros((16, 15)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": -1}, "levels: .* got -1"),
        ({"levels": 8}, "levels: .* got 8"),
        ({"bins": 1}, "bins: .* got 1"),
        ({"sigma": 0.0}, "sigma: .* got 0.0"),
        ({"sigma": 11.0}, "sigma: .* got 11.0"),
    ],
)
def test_an_option_that_can_not_work_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PhogDescriptor(**options)


def test_every_option_is_part_of_the_signature() -> None:
    options: list[dict[str, Any]] = [
        {},
        {"levels": 3},
        {"bins": 8},
        {"angle": 180},
        {"edges": "all"},
        {"sigma": 2.0},
    ]
    assert len({PhogDescriptor(**one).signature for one in options}) == len(options)
