"""LPQ: codes computed pixel by pixel, and invariance to blur."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ferkit_svm.lbp import LbpDescriptor
from ferkit_svm.lpq import LpqDescriptor, decorrelation
from numpy.typing import NDArray
from scipy import ndimage

IMAGE = np.random.default_rng(3).integers(0, 256, (9, 10)).astype(float)


def directions(window: int) -> list[tuple[float, float]]:
    """u, as (right, down)."""
    a = 1 / window
    return [(a, 0.0), (0.0, a), (a, a), (a, -a)]


def slow_coefficients(image: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """The sum of the docstring, term by term."""
    r = window // 2
    height, width = image.shape
    found = np.zeros((height - 2 * r, width - 2 * r, 8))
    for row in range(r, height - r):
        for column in range(r, width - r):
            for place, (right, down) in enumerate(directions(window)):
                total = 0j
                for dy in range(-r, r + 1):
                    for dx in range(-r, r + 1):
                        turn = np.exp(-2j * np.pi * (right * dx + down * dy))
                        total += image[row - dy, column - dx] * turn
                found[row - r, column - r, [place, place + 4]] = total.real, total.imag
    return found


@pytest.mark.parametrize("window", [3, 5])
def test_codes_are_the_signs_of_the_local_fourier_coefficients(window: int) -> None:
    expected = np.zeros((9 - window + 1, 10 - window + 1), dtype=int)
    parts = slow_coefficients(IMAGE, window)
    for bit in range(8):
        expected += (parts[:, :, bit] > 0) * 2**bit
    found = LpqDescriptor(window=window, grid=1, decorrelate=False).codes(IMAGE)
    np.testing.assert_array_equal(found, expected)


def test_decorrelated_codes_are_the_signs_of_the_rotated_coefficients() -> None:
    parts = slow_coefficients(IMAGE, 3) @ decorrelation(3)
    expected = sum((parts[:, :, bit] > 0) * 2**bit for bit in range(8))
    np.testing.assert_array_equal(LpqDescriptor(window=3, grid=1).codes(IMAGE), expected)


@pytest.mark.parametrize("window", [3, 7])
def test_the_rotation_makes_the_parts_uncorrelated_the_largest_first(window: int) -> None:
    r, places = window // 2, [(y, x) for y in range(window) for x in range(window)]
    waves = np.array(
        [
            [np.exp(-2j * np.pi * (u * (x - r) + v * (y - r))) for y, x in places]
            for u, v in directions(window)
        ]
    )
    basis = np.concatenate([waves.real, waves.imag])
    pixels = np.array([[0.9 ** np.hypot(y - b, x - a) for b, a in places] for y, x in places])
    rotation = decorrelation(window)
    turned = rotation.T @ basis @ pixels @ basis.T @ rotation
    variances = np.diag(turned)
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(8), atol=1e-12)
    np.testing.assert_allclose(turned - np.diag(variances), 0, atol=1e-4 * variances[0])
    assert (np.diff(variances) < 1e-4 * variances[0]).all()


def test_the_signs_of_the_rotation_are_settled() -> None:
    rotation = decorrelation(7)
    for column in rotation.T:
        large = column[np.abs(column) > 0.6 * np.abs(column).max()]
        assert large[0] > 0


def test_each_block_counts_its_own_codes() -> None:
    descriptor = LpqDescriptor(window=3, grid=2)
    codes = descriptor.codes(IMAGE)  # 7 by 8: rows 0 to 3 and 4 to 6
    expected = [
        np.bincount(part.ravel(), minlength=256) / part.size
        for part in (codes[:4, :4], codes[:4, 4:], codes[4:, :4], codes[4:, 4:])
    ]
    np.testing.assert_allclose(descriptor(IMAGE), np.concatenate(expected))


def test_the_default_has_4096_numbers_and_each_block_adds_up_to_1() -> None:
    image = np.random.default_rng(0).uniform(0, 255, (128, 128))
    found = LpqDescriptor()(image)
    assert found.shape == (4096,)
    np.testing.assert_allclose(found.reshape(16, 256).sum(axis=1), 1)


@pytest.mark.parametrize("grey", [0.0, 0.1, 77.7, 255.0])
@pytest.mark.parametrize("decorrelate", [True, False])
def test_an_image_of_one_grey_has_code_0_everywhere(grey: float, decorrelate: bool) -> None:
    assert not LpqDescriptor(decorrelate=decorrelate).codes(np.full((20, 20), grey)).any()


def test_flat_parts_of_an_image_have_code_0_too() -> None:
    image = np.full((24, 24), 77.7)
    image[:8] = np.random.default_rng(0).uniform(0, 255, (8, 24))
    codes = LpqDescriptor(window=5).codes(image)
    assert not codes[8:].any()
    assert codes[:8].any(axis=1).all()


def test_brightness_and_contrast_change_no_code() -> None:
    for decorrelate in (True, False):
        descriptor = LpqDescriptor(window=3, decorrelate=decorrelate)
        np.testing.assert_array_equal(descriptor.codes(IMAGE), descriptor.codes(IMAGE / 4 + 100))


def structured() -> NDArray[np.float64]:
    """Shapes of many sizes, as images have them."""
    generator = np.random.default_rng(1)
    layers = [s * ndimage.gaussian_filter(generator.normal(size=(160, 160)), s) for s in (1, 2, 4, 8)]
    return np.asarray(128 + 60 * sum(layers))


BLURS = {
    "gaussian": lambda image: ndimage.gaussian_filter(image, 1.0),
    "box": lambda image: ndimage.uniform_filter(image, 3),
    "motion": lambda image: ndimage.uniform_filter1d(image, 3, axis=1),
}


def turned_signs(change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> float:
    """The fraction of the eight signs of all inner pixels that a change of the image turns."""
    descriptor = LpqDescriptor(decorrelate=False)
    before, after = (descriptor.codes(one)[10:-10, 10:-10] for one in (structured(), change(structured())))
    return float(np.unpackbits((before ^ after).astype(np.uint8)[..., None], axis=2).mean())


@pytest.mark.parametrize("blur", BLURS)
def test_a_centrally_symmetric_blur_turns_few_signs(blur: str) -> None:
    assert 0 < turned_signs(BLURS[blur]) < 0.1


def test_a_shift_turns_many() -> None:
    assert turned_signs(lambda image: np.roll(image, 3, axis=1)) > 0.3


@pytest.mark.parametrize("blur", BLURS)
def test_blur_changes_lpq_less_than_lbp(blur: str) -> None:
    sharp, blurred = structured()[16:-16, 16:-16], BLURS[blur](structured())[16:-16, 16:-16]
    distances = {}
    for descriptor in (LpqDescriptor(grid=1), LbpDescriptor(grid=1)):
        distances[type(descriptor)] = np.abs(descriptor(sharp) - descriptor(blurred)).sum()
    assert distances[LpqDescriptor] < 0.7 * distances[LbpDescriptor]


def test_the_smallest_image_has_a_window_for_each_cell() -> None:
    descriptor = LpqDescriptor()
    assert np.isfinite(descriptor(IMAGE.repeat(2, axis=0)[:10])).all()
    with pytest.raises(ValueError, match=r"window: 7 with a grid of 4 needs .* at least 10 .* got 9 by 10"):
        descriptor(IMAGE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 8}, "window: expected an odd number from 3 to 31, got 8"),
        ({"window": 1}, "window: .* got 1"),
        ({"window": 33}, "window: .* got 33"),
        ({"grid": 0}, "grid: .* got 0"),
        ({"grid": 17}, "grid: .* got 17"),
    ],
)
def test_an_option_that_can_not_work_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LpqDescriptor(**options)
