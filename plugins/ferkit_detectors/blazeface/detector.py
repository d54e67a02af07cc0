"""BlazeFace as a detector of ferkit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import Detections
from ferkit_detectors.blazeface.networks import open_network
from ferkit_detectors.blazeface.search import Found, Search

VERSION = 2
"""Increased if the same weights give other boxes."""
ANCHORS = {"short": {8: 2, 16: 6}, "back": {16: 2, 32: 6}, "full": {4: 1}, "full_sparse": {4: 1}}
"""Anchors in each cell, by stride in pixels. MediaPipe lists a stride of 16 with 6 anchors as 16, 16, 16."""

NetworkName = Literal["short", "back", "full", "full_sparse"]


class BlazeFaceDetector:
    """BlazeFace, a single-shot network (Bazarevsky et al. 2019), with the weights of MediaPipe.

    It scales the whole image to the input of the network, and with `tiles` parts of large images too. It
    misses smaller faces: with "full", those below about 1/13 of the image's longer side. The first face has
    the highest score. It gives no landmarks, because the networks find the centre of the mouth but not its
    corners. `blazeface_mtcnn` gives them.

    Args:
        network: "full" (input of 192 pixels, for faces up to 5 m from the camera), "full_sparse" (the same,
            with pruned weights), "back" (256 pixels) or "short" (128 pixels, for faces up to 2 m).
        threshold: Minimum score of a face, from 0 to 1.
        tiles: Search overlapping tiles too, if the whole image shows small faces or none. For images with
            400 or more pixels on the longer side.
        device: "cpu", "cuda", or "auto" for a GPU if there is one.
        runtime: "torch", or "onnx" to run the network by onnxruntime without importing torch. Both find the
            same faces.
    """

    has_landmarks = False

    def __init__(
        self,
        network: NetworkName = "full",
        threshold: float = 0.5,
        tiles: bool = False,
        device: str = "auto",
        runtime: Literal["torch", "onnx"] = "torch",
    ) -> None:
        self.search = open_search(network, threshold, tiles, device, runtime)
        self.version = f"blazeface {VERSION}, {network}, {self.search.network.weights}{', tiles' * tiles}"

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Detect the faces of each image."""
        return self.search.map(images, _without_landmarks)


def open_search(
    network: NetworkName,
    threshold: float,
    tiles: bool,
    device: str,
    runtime: Literal["torch", "onnx"],
    border: bool = False,
) -> Search:
    """Check the options and open the network. See `Search` for `border`."""
    if network not in ANCHORS:
        raise ValueError(f"network: expected one of {', '.join(ANCHORS)}, got {network!r}")
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold: expected a number from 0 to 1, got {threshold}")
    return Search(open_network(network, device, runtime), ANCHORS[network], threshold, tiles, border)


def _without_landmarks(_: NDArray[np.uint8], found: Found) -> Detections:
    landmarks = np.full((len(found.boxes), 5, 2), np.nan, np.float32)
    return Detections(found.boxes.astype(np.float32), found.scores.astype(np.float32), landmarks)
