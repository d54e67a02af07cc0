"""Scaling to the input of a network, and boxes back in the image."""

from __future__ import annotations

import numpy as np
import pytest
from ferkit_detectors.blazeface.letterbox import letterbox


@pytest.mark.parametrize("shape", [(128, 128), (300, 77), (20, 50), (1, 1), (1, 4000), (4000, 1), (900, 700)])
def test_corners_of_the_image_come_back(shape: tuple[int, int]) -> None:
    square, place = letterbox(np.full((*shape, 3), 255, np.uint8), 128)
    assert square.shape == (128, 128, 3)
    assert square.dtype == np.float32
    rows, columns = np.nonzero(square[:, :, 0] == 1)
    corners = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float64)
    assert place.to_image(corners)[0] == pytest.approx([0, 0, shape[1], shape[0]])


def test_the_border_is_black_and_on_both_sides() -> None:
    square, _ = letterbox(np.full((64, 32, 3), 255, np.uint8), 64)
    assert (square[:, 16:48] == 1).all()
    assert (square[:, :16] == -1).all()
    assert (square[:, 48:] == -1).all()


def test_pixels_are_scaled_from_minus_1_to_1() -> None:
    levels = np.array([0, 51, 255], np.uint8)
    square, _ = letterbox(np.tile(levels, (8, 8, 1)), 8)
    assert square[0, 0] == pytest.approx([-1, -0.6, 1])


def test_a_large_image_is_averaged() -> None:
    stripes = np.zeros((640, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    square, _ = letterbox(stripes, 64)
    assert square == pytest.approx(0, abs=0.01)
