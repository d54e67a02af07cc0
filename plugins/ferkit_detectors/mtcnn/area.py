"""Area interpolation of whole images and of many boxes at once, from sums over rectangles.

`torch.nn.functional.interpolate(mode="area")` gives each pixel of the result the mean of a rectangle of
whole pixels. The sum over any rectangle takes four look-ups in a table of sums (Crow 1984, "Summed-area
tables for texture mapping"), so that no box has to be cut out on its own. Integers make the sums exact.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit_detectors.mtcnn.runtime import Array, Runtime

GREY, RANGE = 127.5, 128.0
"""The networks were trained on (pixel - 127.5) / 128."""


def summed_area(images: NDArray[np.uint8]) -> NDArray[np.int32]:
    """(N, H, W, 3) -> (N, H + 1, W + 1, 3) int32: sums over all pixels above and to the left.

    Beyond 2³¹ they wrap around, and differences still come out right as long as a rectangle has fewer than
    8.4 million pixels.
    """
    count, height, width, channels = images.shape
    table = np.empty((count, height + 1, width + 1, channels), np.int32)
    for image, sums in zip(images, table, strict=True):
        cv2.integral(image, sums, cv2.CV_32S)
    return table


def bins(runtime: Runtime, lengths: Array, count: int) -> tuple[Array, Array]:
    """(B,) int64 -> where each of `count` bins starts, and where it ends: both (B, count).

    Neighbours share a pixel where the length is no multiple of the count, as in torch's adaptive pooling.
    """
    numbers = runtime.xp.arange(count, device=runtime.device)
    whole = lengths[:, None]
    return numbers * whole // count, -((numbers + 1) * -whole // count)


def resize(runtime: Runtime, sums: Array, size: tuple[int, int], rows: slice) -> Array:
    """The rows `rows` of all the images at `size`, height and width: (N, 3, rows, width) in -1..1."""
    sides = (runtime.xp.asarray([side - 1], device=runtime.device) for side in sums.shape[1:3])
    (tops, bottoms), (lefts, rights) = (bins(runtime, *one) for one in zip(sides, size, strict=True))
    top, bottom, left, right = tops[0, rows], bottoms[0, rows], lefts[0], rights[0]
    bands = runtime.take(sums, bottom, 1)
    bands -= runtime.take(sums, top, 1)
    totals = runtime.take(bands, right, 2)
    totals -= runtime.take(bands, left, 2)
    return _scaled(runtime.xp, totals, (bottom - top)[None], (right - left)[None])


def resize_boxes(runtime: Runtime, sums: Array, images: Array, boxes: Array, side: int) -> Array:
    """Each box of the image that it belongs to, resized to a square: (B, 3, side, side) in -1..1.

    images: (B,) int64; boxes: (B, 4) int64, x0 y0 x1 y1, inside the image and at least a pixel wide and high.
    """
    xp = runtime.xp
    x0, y0, x1, y1 = xp.unstack(boxes, axis=1)
    (left, right), (top, bottom) = (bins(runtime, lengths, side) for lengths in (x1 - x0, y1 - y0))
    columns = xp.concat([left, right], axis=1) + x0[:, None]
    rows = xp.concat([top, bottom], axis=1) + y0[:, None] + images[:, None] * sums.shape[1]
    places = rows[:, :, None] * sums.shape[2] + columns[:, None]
    corners = runtime.take(xp.reshape(sums, (-1, 3)), xp.reshape(places, (-1,)), 0)
    corners = xp.reshape(corners, (-1, 2 * side, 2 * side, 3))
    bands = corners[:, side:] - corners[:, :side]
    totals = bands[:, :, side:] - bands[:, :, :side]
    return _scaled(runtime.xp, totals, bottom - top, right - left)


def _scaled(xp: Any, totals: Array, heights: Array, widths: Array) -> Array:
    """Sums (B, h, w, 3) over so many pixels, heights (B or 1, h) and widths (B or 1, w) -> means in -1..1.

    By rows, then by columns: to read a weight for every pixel takes longer.
    """
    count, height, width, channels = totals.shape
    down = xp.astype(1 / (heights * RANGE), xp.float32, copy=False)[:, :, None]
    across = xp.repeat(xp.astype(1 / widths, xp.float32, copy=False), channels, axis=1)[:, None]
    means = xp.reshape(xp.astype(totals, xp.float32), (count, height, width * channels))
    means *= down
    means *= across
    means -= GREY / RANGE
    return xp.permute_dims(xp.reshape(means, totals.shape), (0, 3, 1, 2))
