"""The search for faces by a network, in whole images and in their tiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ferkit_detectors.blazeface.decode import Boxes, anchor_centres, decode
from ferkit_detectors.blazeface.letterbox import letterbox
from ferkit_detectors.blazeface.networks import Network
from ferkit_detectors.blazeface.tiles import LEVELS, Tile, merge_tiles, needs_next, tiles_of

CHUNK = 64
"""Images in a call of the network on a GPU."""
LEAST_SIDE = 1.0
"""Smaller boxes, in pixels of the image, cannot be cropped."""

Found = tuple[Boxes, NDArray[np.float64]]
"""Boxes (N, 4) `x0 y0 x1 y1` in pixels of the image, and scores (N,) from 0 to 1, best first."""
Answer = TypeVar("Answer")


class Search:
    """The faces of images.

    Args:
        network: The network.
        anchors: Number of anchors in each cell of a layer, by the stride of the layer in pixels.
        threshold: Minimum score, from 0 to 1.
        has_tiles: Search tiles too, if the whole image shows small faces or none.
    """

    def __init__(
        self, network: Network, anchors: Mapping[int, int], threshold: float, has_tiles: bool
    ) -> None:
        self.network = network
        self.anchors = anchor_centres(network.side, anchors)
        self.threshold = threshold
        self.levels = LEVELS if has_tiles else 1

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
        tiles: list[list[Tile]] = [[] for _ in images]
        parts: list[list[Found]] = [[] for _ in images]
        found: list[Found] = [(np.zeros((0, 4)), np.zeros(0)) for _ in images]
        todo = list(range(len(images)))
        for level in range(self.levels):
            new = {number: tiles_of(_size(images[number]), level) for number in todo}
            answers = iter(self._search([(images[i], tile) for i in todo for tile in new[i]], chunk))
            known = {number: len(found[number][0]) for number in todo}
            for number in todo:
                tiles[number] += new[number]
                parts[number] += islice(answers, len(new[number]))
                found[number] = merge_tiles(parts[number], tiles[number])
            todo = [i for i in todo if needs_next(found[i][0], known[i], _size(images[i]), level)]
        return [_inside(*one, image) for one, image in zip(found, images, strict=True)]

    def _search(self, places: Sequence[tuple[NDArray[np.uint8], Tile]], chunk: int) -> list[Found]:
        """Search a tile of each image."""
        found = []
        for first in range(0, len(places), chunk):
            some = places[first : first + chunk]
            scaled = [letterbox(image[y0:y1, x0:x1], self.network.side) for image, (x0, y0, x1, y1) in some]
            logits, values = self.network(np.stack([square for square, _ in scaled]))
            for number, ((_, placement), (_, tile)) in enumerate(zip(scaled, some, strict=True)):
                boxes, scores = decode(logits[number], values[number], self.anchors, self.threshold)
                found.append((placement.to_image(boxes) + np.tile(tile[:2], 2), scores))
        return found


def _size(image: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the width and height."""
    return image.shape[1], image.shape[0]


def _inside(boxes: Boxes, scores: NDArray[np.float64], image: NDArray[np.uint8]) -> Found:
    """Return the faces that overlap the image and are not too small."""
    overlaps = (boxes[:, :2] < _size(image)).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
    kept = overlaps & (boxes[:, 2:] - boxes[:, :2] >= LEAST_SIDE).all(axis=1)
    return boxes[kept], scores[kept]
