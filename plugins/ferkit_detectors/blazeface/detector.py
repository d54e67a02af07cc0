"""BlazeFace as a detector of ferkit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import Detections
from ferkit_detectors.blazeface.decode import Boxes, anchor_centres, decode
from ferkit_detectors.blazeface.frame import FRAMES
from ferkit_detectors.blazeface.letterbox import letterbox
from ferkit_detectors.blazeface.networks import open_network
from ferkit_detectors.blazeface.tiles import Tile, merge_tiles, tiles_of

VERSION = 1
"""Increased if the same weights give other boxes."""
ANCHORS = {"short": {8: 2, 16: 6}, "back": {16: 2, 32: 6}, "full": {4: 1}, "full_sparse": {4: 1}}
"""Anchors in each cell, by stride in pixels. MediaPipe lists a stride of 16 with 6 anchors as 16, 16, 16."""
LEAST_SIDE = 1.0
"""Smaller boxes, in pixels of the image, cannot be cropped."""
CHUNK = 64
"""Images in a call of the network on a GPU."""


class BlazeFaceDetector:
    """BlazeFace, a single-shot network (Bazarevsky et al. 2019), with the weights of MediaPipe.

    It scales the whole image to the input of the network, and with `tiles` parts of large images too. It
    misses smaller faces: with "full", those below about 1/13 of the image's longer side. The first face has
    the highest score. It gives no landmarks, because the networks find the centre of the mouth but not its
    corners.

    Args:
        network: "full" (input of 192 pixels, for faces up to 5 m from the camera), "full_sparse" (the same,
            with pruned weights), "back" (256 pixels) or "short" (128 pixels, for faces up to 2 m).
        threshold: Minimum score of a face, from 0 to 1.
        tiles: Search small faces in overlapping tiles of images with 960 or more pixels on the longer side.
        frame: "blazeface", or "mtcnn" for boxes with the proportions of MTCNN's, which are narrower and
            higher. Models that were developed with MTCNN's boxes need them.
        device: "cpu", "cuda", or "auto" for a GPU if there is one.
        runtime: "torch", or "onnx" to run the network by onnxruntime without importing torch. Both find the
            same faces.
    """

    has_landmarks = False

    def __init__(
        self,
        network: Literal["short", "back", "full", "full_sparse"] = "full",
        threshold: float = 0.5,
        tiles: bool = False,
        frame: Literal["blazeface", "mtcnn"] = "blazeface",
        device: str = "auto",
        runtime: Literal["torch", "onnx"] = "torch",
    ) -> None:
        if network not in ANCHORS:
            raise ValueError(f"network: expected one of {', '.join(ANCHORS)}, got {network!r}")
        if frame not in ("blazeface", "mtcnn"):
            raise ValueError(f"frame: expected blazeface or mtcnn, got {frame!r}")
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold: expected a number from 0 to 1, got {threshold}")
        self.threshold = threshold
        self.has_tiles = tiles
        self.frame = FRAMES[network] if frame == "mtcnn" else None
        self.network = open_network(network, device, runtime)
        self.anchors = anchor_centres(self.network.side, ANCHORS[network])
        changes = f"{', tiles' if tiles else ''}{', frame of MTCNN' if self.frame else ''}"
        self.version = f"blazeface {VERSION}, {network}, {self.network.weights}{changes}"

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Detect the faces of each image.

        A CPU has a thread for each image. A GPU gets batches of images and their tiles.
        """
        threads = self.network.threads()
        if not threads:
            return self._detect(images, CHUNK)
        if threads == 1 or len(images) < 2:
            return self._detect(images, 1)
        with ThreadPoolExecutor(threads, initializer=self.network.work_alone) as pool:
            return list(pool.map(lambda image: self._detect([image], 1)[0], images))

    def _detect(self, images: Sequence[NDArray[np.uint8]], chunk: int) -> list[Detections]:
        tiles = [self._tiles_of(image) for image in images]
        cut = [
            (image[y0:y1, x0:x1], np.array([x0, y0, x0, y0]))
            for image, its in zip(images, tiles, strict=True)
            for x0, y0, x1, y1 in its
        ]
        found = iter([one for i in range(0, len(cut), chunk) for one in self._search(cut[i : i + chunk])])
        return [
            self._faces(*merge_tiles(list(islice(found, len(its))), its), image.shape)
            for image, its in zip(images, tiles, strict=True)
        ]

    def _tiles_of(self, image: NDArray[np.uint8]) -> list[Tile]:
        height, width = image.shape[:2]
        return tiles_of(width, height) if self.has_tiles else [(0, 0, width, height)]

    def _search(
        self, parts: Sequence[tuple[NDArray[np.uint8], NDArray[np.int64]]]
    ) -> list[tuple[Boxes, NDArray[np.float64]]]:
        """Return the boxes, in pixels of the image, and the scores of each part: (pixels, offset)."""
        squares, places = zip(*(letterbox(part, self.network.side) for part, _ in parts), strict=True)
        logits, values = self.network(np.stack(squares))
        found = []
        for number, (place, (_, offset)) in enumerate(zip(places, parts, strict=True)):
            boxes, scores = decode(logits[number], values[number], self.anchors, self.threshold)
            found.append((place.to_image(boxes) + offset, scores))
        return found

    def _faces(self, boxes: Boxes, scores: NDArray[np.float64], shape: tuple[int, ...]) -> Detections:
        """Return the faces that overlap an image of the shape (H, W, 3)."""
        boxes = boxes if self.frame is None else self.frame.reshape(boxes)
        sides = boxes[:, 2:] - boxes[:, :2]
        is_inside = (boxes[:, :2] < (shape[1], shape[0])).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
        kept = is_inside & (sides >= LEAST_SIDE).all(axis=1)
        landmarks = np.full((int(kept.sum()), 5, 2), np.nan, np.float32)
        return Detections(boxes[kept].astype(np.float32), scores[kept].astype(np.float32), landmarks)
