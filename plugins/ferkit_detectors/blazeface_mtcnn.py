"""BlazeFace in place of P-Net: a fast detector with MTCNN's boxes and landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import Detections
from ferkit_detectors.blazeface.detector import VERSION as BLAZEFACE
from ferkit_detectors.blazeface.detector import NetworkName, open_search
from ferkit_detectors.blazeface.search import Found
from ferkit_detectors.mtcnn.cascade import VERSION as MTCNN
from ferkit_detectors.mtcnn.detector import start_runtime
from ferkit_detectors.mtcnn.refinement import Refinement

WEAK = 0.3
"""Minimum score of BlazeFace's proposals. Lower ones add no face that R-Net and O-Net accept."""


class BlazeFaceMTCNNDetector:
    """BlazeFace finds faces; R-Net and O-Net, MTCNN's last networks, correct their boxes and add landmarks.

    MTCNN spends most of its time on P-Net, which searches every window of an image pyramid. Here BlazeFace
    proposes the faces. It finds more large, dark and blurred faces than MTCNN. It misses some below 1/15 of
    the image's longer side, if a larger face is in the image. The boxes have MTCNN's proportions. The scores
    and the order are BlazeFace's.

    Args:
        network: BlazeFace's network, as for `blazeface`.
        threshold: Score from which BlazeFace alone decides on a face in the whole image, from 0 to 1. Others
            with 0.3 or more must pass R-Net and O-Net.
        acceptance: Minimum score of R-Net and O-Net for the others, from 0 to 1.
        tiles: Search overlapping tiles too, if the whole image shows small faces or none. For images with
            400 or more pixels on the longer side.
        device: "cpu", "cuda", or "auto" for a GPU if there is one.
        runtime: "torch", or "onnx" to run the networks by onnxruntime without importing torch. Both find the
            same faces.
    """

    def __init__(
        self,
        network: NetworkName = "full",
        threshold: float = 0.6,
        acceptance: float = 0.7,
        tiles: bool = True,
        device: str = "auto",
        runtime: Literal["torch", "onnx"] = "torch",
    ) -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold: expected a number from 0 to 1, got {threshold}")
        if not 0 <= acceptance <= 1:
            raise ValueError(f"acceptance: expected a number from 0 to 1, got {acceptance}")
        self.search = open_search(network, min(WEAK, threshold), tiles, device, runtime, border=True)
        self.threshold = threshold
        self.refine = Refinement(start_runtime(runtime, device), acceptance)
        versions = f"blazeface {BLAZEFACE}, {network}, {self.search.network.weights}; cascade {MTCNN}"
        self.version = f"{versions}, {self.refine.runtime.weights}{', tiles' * tiles}"

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Detect the faces of each image."""
        return self.search.map(images, self._refined)

    def _refined(self, image: NDArray[np.uint8], found: Found) -> Detections:
        is_sure = found.first_scores >= self.threshold
        boxes, scores, landmarks = self.refine(image, found.boxes, found.scores, is_sure)
        return Detections(boxes, scores, landmarks)
