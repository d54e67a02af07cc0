"""Area interpolation of whole images and of many boxes at once, from summed-area tables.

`torch.nn.functional.interpolate(mode="area")` computes each pixel as the mean of a rectangle of whole
pixels. A summed-area table (Crow 1984) gives the sum of any rectangle in four look-ups, so boxes need not be
cropped one by one. The sums are integers and exact.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit_detectors.mtcnn.runtime import Array, Runtime

GREY, RANGE = 127.5, 128.0
"""The networks expect (pixel - 127.5) / 128."""


def summed_area(images: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the sums over all pixels above and to the left: (N, H, W, 3) -> (N, H + 1, W + 1, 3) int32.

    Sums above 2³¹ wrap around. Differences are still right for rectangles below 8.4 million pixels.
    """
    count, height, width, channels = images.shape
    table = np.empty((count, height + 1, width + 1, channels), np.int32)
    for image, sums in zip(images, table, strict=True):
        cv2.integral(image, sums, cv2.CV_32S)
    return table


def bins(runtime: Runtime, lengths: Array, count: int) -> tuple[Array, Array]:
    """Return the start and the end of each of `count` bins: (B,) int64 lengths -> two arrays (B, count).

    Neighbours share a pixel if the count does not divide the length, as in torch's adaptive pooling.
    """
    numbers = runtime.xp.arange(count, device=runtime.device)
    whole = lengths[:, None]
    return numbers * whole // count, -((numbers + 1) * -whole // count)


def resize(runtime: Runtime, sums: Array, size: tuple[int, int], rows: slice) -> Array:
    """Resize images to `size` (height, width); return the rows `rows`, (N, 3, rows, width) in -1..1."""
    sides = (runtime.xp.asarray([side - 1], device=runtime.device) for side in sums.shape[1:3])
    (tops, bottoms), (lefts, rights) = (bins(runtime, *one) for one in zip(sides, size, strict=True))
    top, bottom, left, right = tops[0, rows], bottoms[0, rows], lefts[0], rights[0]
    bands = runtime.take(sums, bottom, 1)
    bands -= runtime.take(sums, top, 1)
    totals = runtime.take(bands, right, 2)
    totals -= runtime.take(bands, left, 2)
    return _scaled(runtime.xp, totals, (bottom - top)[None], (right - left)[None])


def resize_boxes(runtime: Runtime, sums: Array, images: Array, boxes: Array, side: int) -> Array:
    """Resize each box to a square: (B, 3, side, side) in -1..1.

    Args:
        runtime: The runtime of the arrays.
        sums: Summed areas of the images.
        images: (B,) int64, the image of each box.
        boxes: (B, 4) int64, x0 y0 x1 y1, inside the image, at least one pixel wide and high.
        side: Side of the squares in pixels.
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
    """Convert sums (B, h, w, 3) over rectangles to means in -1..1.

    Heights are (B or 1, h), widths (B or 1, w). Rows and columns are scaled separately, which is faster than
    one weight for each pixel.
    """
    count, height, width, channels = totals.shape
    down = xp.astype(1 / (heights * RANGE), xp.float32, copy=False)[:, :, None]
    across = xp.repeat(xp.astype(1 / widths, xp.float32, copy=False), channels, axis=1)[:, None]
    means = xp.reshape(xp.astype(totals, xp.float32), (count, height, width * channels))
    means *= down
    means *= across
    means -= GREY / RANGE
    return xp.permute_dims(xp.reshape(means, totals.shape), (0, 3, 1, 2))
