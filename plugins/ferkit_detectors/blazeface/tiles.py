"""Overlapping tiles of an image, so that small faces are large enough for the network."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit_detectors.blazeface.decode import Boxes, merge

LEVELS = 3
"""The whole image, and tiles of 1/2 and 1/4 of its longer side."""
LEAST = 200.0
"""Smallest side of a tile, in pixels. Images with a longer side below twice this have no tiles."""
OVERLAP = 0.25
"""Minimum overlap of neighbouring tiles, as a fraction of their side."""
CUT = 0.01
"""Boxes this close to an edge where a tile cuts the image are dropped, as a fraction of the tile's side."""
SMALL = 1 / 10
"""If a face has smaller sides, as a fraction of the tile's side, still smaller ones may be missed."""

Tile = tuple[int, int, int, int]
"""Edges x0, y0, x1, y1 in pixels of the image."""


def side_of(size: tuple[int, int], level: int) -> float:
    """Return the side of the tiles of a level in an image of this width and height."""
    return float(max(size) / 2**level)


def tiles_of(size: tuple[int, int], level: int) -> list[Tile]:
    """Return the tiles of a level in an image of this width and height. Level 0 is the whole image."""
    width, height = size
    side = round(side_of(size, level))
    return [
        (x, y, min(x + side, width), min(y + side, height))
        for y in _starts(height, side)
        for x in _starts(width, side)
    ]


def with_border(size: tuple[int, int]) -> Tile:
    """Return a tile of twice the width and height around the image, in which the faces have half the size."""
    width, height = size
    return -(width // 2), -(height // 2), width + width // 2, height + height // 2


def cut_out(image: NDArray[np.uint8], tile: Tile) -> NDArray[np.uint8]:
    """Return the pixels of a tile. They are black outside the image."""
    x0, y0, x1, y1 = tile
    height, width = image.shape[:2]
    inner = image[max(y0, 0) : y1, max(x0, 0) : x1]
    borders = max(-y0, 0), max(y1 - height, 0), max(-x0, 0), max(x1 - width, 0)
    if not any(borders):
        return inner
    return np.asarray(cv2.copyMakeBorder(inner, *borders, cv2.BORDER_CONSTANT), np.uint8)


def _starts(length: int, size: int) -> list[int]:
    """Place intervals of a size evenly over a length."""
    if length <= size:
        return [0]
    count = int(np.ceil((length - size) / (size * (1 - OVERLAP)))) + 1
    return [int(start) for start in np.linspace(0, length - size, count).round()]


def needs_next(boxes: Boxes, known: int, size: tuple[int, int], level: int) -> bool:
    """Return True if the next level may show more faces.

    Args:
        boxes: Faces of this level and the ones before (N, 4), in pixels of the image.
        known: Number of faces of the levels before.
        size: Width and height of the image.
        level: This level.
    """
    if level + 1 == LEVELS or side_of(size, level + 1) < LEAST:
        return False
    if level == 0 and not len(boxes):
        return True
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    return len(boxes) > known and bool(sides.min() < SMALL * side_of(size, level))


def merge_tiles(
    found: Sequence[tuple[Boxes, NDArray[np.float64]]], tiles: Sequence[Tile]
) -> tuple[Boxes, NDArray[np.float64]]:
    """Merge the boxes and scores of tiles of an image, all in pixels of the image; best first.

    A face that a tile cuts is complete in a neighbour or in a larger tile. The first tile is the image.
    """
    if len(tiles) == 1:
        return found[0]
    kept = [_without_cut(*one, tile, tiles[0]) for one, tile in zip(found, tiles, strict=True)]
    return merge(np.concatenate([boxes for boxes, _ in kept]), np.concatenate([scores for _, scores in kept]))


def _without_cut(
    boxes: Boxes, scores: NDArray[np.float64], tile: Tile, image: Tile
) -> tuple[Boxes, NDArray[np.float64]]:
    near = CUT * max(tile[2] - tile[0], tile[3] - tile[1])
    first = np.array([-np.inf if tile[i] == image[i] else tile[i] + near for i in (0, 1)])
    last = np.array([np.inf if tile[i] == image[i] else tile[i] - near for i in (2, 3)])
    kept = (boxes[:, :2] >= first).all(axis=1) & (boxes[:, 2:] <= last).all(axis=1)
    return boxes[kept], scores[kept]
