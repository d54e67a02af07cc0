"""The search for faces by a network, in whole images and in their tiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ferkit_detectors.blazeface.decode import OVERLAP, Boxes, anchor_centres, decode, overlaps
from ferkit_detectors.blazeface.letterbox import letterbox
from ferkit_detectors.blazeface.networks import Network
from ferkit_detectors.blazeface.tiles import (
    LEVELS,
    Tile,
    cut_out,
    merge_tiles,
    needs_next,
    tiles_of,
    with_border,
)

CHUNK = 64
"""Images in a call of the network on a GPU."""
LEAST_SIDE = 1.0
"""Smaller boxes, in pixels of the image, cannot be cropped."""

Scored = tuple[Boxes, NDArray[np.float64]]
"""Boxes (N, 4) in pixels of the image, and scores (N,), best first."""
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The faces of an image, best first.

    Attributes:
        boxes: (N, 4) float64, `x0 y0 x1 y1` in pixels of the image.
        scores: (N,) float64, from 0 to 1.
        first_scores: (N,) float64, the scores in the whole image. 0 for faces that only a tile shows, or the
            image with a border.
    """

    boxes: Boxes
    scores: NDArray[np.float64]
    first_scores: NDArray[np.float64]


class Search:
    """The faces of images.

    Args:
        network: The network.
        anchors: Number of anchors in each cell of a layer, by the stride of the layer in pixels.
        threshold: Minimum score, from 0 to 1.
        has_tiles: Search tiles too, if the whole image shows small faces or none.
        has_border: Search the image with a border too, if it shows none: the networks miss faces that fill
            the image.
    """

    def __init__(
        self,
        network: Network,
        anchors: Mapping[int, int],
        threshold: float,
        has_tiles: bool,
        has_border: bool = False,
    ) -> None:
        self.network = network
        self.anchors = anchor_centres(network.side, anchors)
        self.threshold = threshold
        self.has_tiles = has_tiles
        self.has_border = has_border

    def map(
        self, images: Sequence[NDArray[np.uint8]], finish: Callable[[NDArray[np.uint8], Found], Answer]
    ) -> list[Answer]:
        """Search each image and finish what is found.

        A CPU has a thread for each image. A GPU gets batches of images and their tiles.
        """

        def process(several: Sequence[NDArray[np.uint8]], chunk: int) -> list[Answer]:
            return list(map(finish, several, self._find(several, chunk)))

        threads = self.network.threads()
        if not threads:
            return process(images, CHUNK)
        if threads == 1 or len(images) < 2:
            return process(images, 1)
        with ThreadPoolExecutor(threads, initializer=self.network.work_alone) as pool:
            return list(pool.map(lambda image: process([image], 1)[0], images))

    def _find(self, images: Sequence[NDArray[np.uint8]], chunk: int) -> list[Found]:
        sizes = [(image.shape[1], image.shape[0]) for image in images]
        new = [tiles_of(size, 0) for size in sizes]
        tiles: list[list[Tile]] = [[] for _ in images]
        parts: list[list[Scored]] = [[] for _ in images]
        known = [0] * len(images)
        for level in range(LEVELS):
            cuts = ((image, tile) for image, its in zip(images, new, strict=True) for tile in its)
            answers = iter(self._search(list(cuts), chunk))
            for number, size in enumerate(sizes):
                if new[number]:
                    tiles[number] += new[number]
                    parts[number] += islice(answers, len(new[number]))
                    boxes, _ = merge_tiles(parts[number], tiles[number])
                    new[number] = self._next(boxes, known[number], size, level)
                    known[number] = len(boxes)
        return list(map(merge_parts, parts, tiles, sizes))

    def _next(self, boxes: Boxes, known: int, size: tuple[int, int], level: int) -> list[Tile]:
        """Return the tiles of the next level, if they may show more faces than those of the levels so far."""
        next_tiles = []
        if self.has_border and level == 0 and not len(boxes):
            next_tiles.append(with_border(size))
        if self.has_tiles and needs_next(boxes, known, size, level):
            next_tiles += tiles_of(size, level + 1)
        return next_tiles

    def _search(self, cuts: Sequence[tuple[NDArray[np.uint8], Tile]], chunk: int) -> list[Scored]:
        """Search a tile of each image."""
        found = []
        for first in range(0, len(cuts), chunk):
            some = cuts[first : first + chunk]
            scaled = [letterbox(cut_out(image, tile), self.network.side) for image, tile in some]
            logits, values = self.network(np.stack([square for square, _ in scaled]))
            for number, ((_, placement), (_, tile)) in enumerate(zip(scaled, some, strict=True)):
                boxes, scores = decode(logits[number], values[number], self.anchors, self.threshold)
                found.append((placement.to_image(boxes) + np.tile(tile[:2], 2), scores))
        return found


def merge_parts(parts: Sequence[Scored], tiles: Sequence[Tile], size: tuple[int, int]) -> Found:
    """Merge the parts, and keep the faces that overlap the image and are not too small."""
    boxes, scores = merge_tiles(parts, tiles)
    first, their_scores = parts[0]
    firsts = [their_scores[overlaps(box, first) > OVERLAP].max(initial=0) for box in boxes]
    is_inside = (boxes[:, :2] < size).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
    kept = is_inside & (boxes[:, 2:] - boxes[:, :2] >= LEAST_SIDE).all(axis=1)
    return Found(boxes[kept], scores[kept], np.array(firsts, np.float64)[kept])
