"""Area interpolation of whole images and of many boxes at once, from sums over rectangles.

`torch.nn.functional.interpolate(mode="area")` gives each pixel of the result the mean of a rectangle of
whole pixels. The sum over any rectangle takes four look-ups in a table of sums (Crow 1984, "Summed-area
tables for texture mapping"), so that no box has to be cut out on its own. Integers make the sums exact.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

GREY, RANGE = 127.5, 128.0
"""The networks were trained on (pixel - 127.5) / 128."""


def summed_area(images: NDArray[np.uint8], device: torch.device) -> Tensor:
    """(N, H, W, 3) -> (N, H + 1, W + 1, 3) int32: sums over all pixels above and to the left.

    Beyond 2³¹ they wrap around, and differences still come out right as long as a rectangle has fewer than
    8.4 million pixels.
    """
    if device.type == "cpu":
        count, height, width, channels = images.shape
        table = np.empty((count, height + 1, width + 1, channels), np.int32)
        for image, sums in zip(images, table, strict=True):
            cv2.integral(image, sums, cv2.CV_32S)
        return torch.from_numpy(table)
    return _summed_by_torch(torch.as_tensor(images, device=device))


def _summed_by_torch(pixels: Tensor) -> Tensor:
    """The same on any device; on a CPU OpenCV takes a tenth of the time."""
    sums = pixels.cumsum(1, dtype=torch.int32).cumsum(2, dtype=torch.int32)
    return pad(sums, (0, 0, 1, 0, 1, 0))


def bins(lengths: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(B,) int64 -> where each of `count` bins starts, and where it ends: both (B, count).

    Neighbours share a pixel where the length is no multiple of the count, as in torch's adaptive pooling.
    """
    numbers = torch.arange(count, device=lengths.device)
    whole = lengths[:, None]
    return numbers * whole // count, -((numbers + 1) * -whole // count)


def resize(sums: Tensor, size: tuple[int, int], rows: slice) -> Tensor:
    """The rows `rows` of all the images at `size`, height and width: (N, 3, rows, width) in -1..1."""
    height, width = (torch.tensor([side - 1], device=sums.device) for side in sums.shape[1:3])
    top, bottom = (edge[0, rows] for edge in bins(height, size[0]))
    left, right = (edge[0] for edge in bins(width, size[1]))
    bands = sums.index_select(1, bottom).sub_(sums.index_select(1, top))
    totals = bands.index_select(2, right).sub_(bands.index_select(2, left))
    return _scaled(totals, (bottom - top)[None], (right - left)[None])


def resize_boxes(sums: Tensor, images: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Each box of the image that it belongs to, resized to a square: (B, 3, side, side) in -1..1.

    images: (B,) int64; boxes: (B, 4) int64, x0 y0 x1 y1, inside the image and at least a pixel wide and high.
    """
    x0, y0, x1, y1 = boxes.unbind(1)
    (left, right), (top, bottom) = bins(x1 - x0, side), bins(y1 - y0, side)
    columns = torch.cat([left, right], 1) + x0[:, None]
    rows = torch.cat([top, bottom], 1) + y0[:, None] + images[:, None] * sums.shape[1]
    places = rows[:, :, None] * sums.shape[2] + columns[:, None]
    corners = sums.view(-1, 3).index_select(0, places.view(-1)).view(len(boxes), 2 * side, 2 * side, 3)
    bands = corners[:, side:] - corners[:, :side]
    totals = bands[:, :, side:] - bands[:, :, :side]
    return _scaled(totals, bottom - top, right - left)


def _scaled(totals: Tensor, heights: Tensor, widths: Tensor) -> Tensor:
    """Sums (B, h, w, 3) over so many pixels, heights (B or 1, h) and widths (B or 1, w) -> means in -1..1.

    By rows, then by columns: to read a weight for every pixel takes longer.
    """
    down = (1 / (heights * RANGE)).to(torch.float32)[:, :, None]
    across = (1 / widths).to(torch.float32).repeat_interleave(totals.shape[3], dim=1)[:, None]
    means = totals.to(torch.float32).flatten(2).mul_(down).mul_(across).sub_(GREY / RANGE)
    return means.view(totals.shape).permute(0, 3, 1, 2)
