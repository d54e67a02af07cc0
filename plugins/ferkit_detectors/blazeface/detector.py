"""BlazeFace as a detector of ferkit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import Detections
from ferkit_detectors.blazeface.decode import anchor_centres, decode
from ferkit_detectors.blazeface.letterbox import Letterbox, letterbox
from ferkit_detectors.blazeface.networks import open_network

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

    It scales the whole image to the input of the network. It misses faces that are small compared with the
    image. Its boxes are wider and shorter than those of MTCNN. The first face has the highest score.
    It gives no landmarks, because the networks find the centre of the mouth but not its corners.

    Args:
        network: "full" (input of 192 pixels, for faces up to 5 m from the camera), "full_sparse" (the same,
            with pruned weights), "back" (256 pixels) or "short" (128 pixels, for faces up to 2 m).
        threshold: Minimum score of a face, from 0 to 1.
        device: "cpu", "cuda", or "auto" for a GPU if there is one.
        runtime: "torch", or "onnx" to run the network by onnxruntime without importing torch. Both find the
            same faces.
    """

    has_landmarks = False

    def __init__(
        self,
        network: Literal["short", "back", "full", "full_sparse"] = "full",
        threshold: float = 0.5,
        device: str = "auto",
        runtime: Literal["torch", "onnx"] = "torch",
    ) -> None:
        if network not in ANCHORS:
            raise ValueError(f"network: expected one of {', '.join(ANCHORS)}, got {network!r}")
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold: expected a number from 0 to 1, got {threshold}")
        self.threshold = threshold
        self.network = open_network(network, device, runtime)
        self.anchors = anchor_centres(self.network.side, ANCHORS[network])
        self.version = f"blazeface {VERSION}, {network}, {self.network.weights}"

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Detect the faces of each image.

        A CPU has a thread for each image. A GPU gets batches.
        """
        threads = self.network.threads()
        if not threads:
            return [
                one
                for start in range(0, len(images), CHUNK)
                for one in self._detect(images[start : start + CHUNK])
            ]
        if threads == 1 or len(images) < 2:
            return [self._detect([image])[0] for image in images]
        with ThreadPoolExecutor(threads, initializer=self.network.work_alone) as pool:
            return list(pool.map(lambda image: self._detect([image])[0], images))

    def _detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        squares, places = zip(*(letterbox(image, self.network.side) for image in images), strict=True)
        logits, values = self.network(np.stack(squares))
        return [
            self._faces(logits[number], values[number], place, images[number].shape)
            for number, place in enumerate(places)
        ]

    def _faces(
        self,
        logits: NDArray[np.float32],
        values: NDArray[np.float32],
        place: Letterbox,
        shape: tuple[int, ...],
    ) -> Detections:
        """Return the faces that overlap an image of the shape (H, W, 3)."""
        found, scores = decode(logits, values, self.anchors, self.threshold)
        boxes = place.to_image(found)
        sides = boxes[:, 2:] - boxes[:, :2]
        is_inside = (boxes[:, :2] < (shape[1], shape[0])).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
        kept = is_inside & (sides >= LEAST_SIDE).all(axis=1)
        landmarks = np.full((int(kept.sum()), 5, 2), np.nan, np.float32)
        return Detections(boxes[kept].astype(np.float32), scores[kept].astype(np.float32), landmarks)
