"""The MTCNN cascade as a detector of ferkit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import Detections
from ferkit_detectors.mtcnn.boxes import Candidates
from ferkit_detectors.mtcnn.cascade import VERSION, Cascade
from ferkit_detectors.mtcnn.runtime import Runtime

Selection = Literal["probability", "largest", "largest_over_threshold", "center_weighted_size"]


class MTCNNDetector:
    """MTCNN, a cascade of three networks (Zhang et al. 2016), with facenet-pytorch's weights.

    It finds the same faces as facenet-pytorch. facenet-pytorch's options for crops (image_size, margin,
    post_process, keep_all) are not needed: ferkit keeps all boxes and crops by the recipe's [faces].

    Args:
        min_face_size: Minimum side of a face in pixels, at least 1.
        thresholds: Thresholds of the three networks, from 0 to 1.
        factor: Factor between the scales of the image pyramid, between 0 and 1.
        selection_method: Order of the faces, as in facenet-pytorch: "probability" (the paper's), "largest",
            "largest_over_threshold" or "center_weighted_size".
        selection_threshold: Minimum score for "largest_over_threshold", from 0 to 1.
        center_weight: Weight of the squared distance to the image centre for "center_weighted_size".
        device: "cpu", "cuda", or "auto" for a GPU if there is one.
        runtime: "torch", or "onnx" to run the networks by onnxruntime and the rest by numpy on the CPU,
            without importing torch. Both find the same faces.
    """

    def __init__(
        self,
        min_face_size: int = 20,
        thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7),
        factor: float = 0.709,
        selection_method: Selection = "probability",
        selection_threshold: float = 0.9,
        center_weight: float = 2.0,
        device: str = "auto",
        runtime: Literal["torch", "onnx"] = "torch",
    ) -> None:
        if min_face_size < 1:
            raise ValueError(f"min_face_size: expected at least 1 pixel, got {min_face_size}")
        if not 0 < factor < 1:
            raise ValueError(f"factor: expected a number between 0 and 1, got {factor}")
        if not all(0 <= threshold <= 1 for threshold in thresholds):
            raise ValueError(f"thresholds: expected numbers from 0 to 1, got {thresholds}")
        self.selection_method = selection_method
        self.selection_threshold = selection_threshold
        self.center_weight = center_weight
        self.cascade = Cascade(start_runtime(runtime, device), min_face_size, thresholds, factor)
        self.version = f"cascade {VERSION}, {self.cascade.runtime.weights}"

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Detect the faces of each image.

        A CPU has a thread for each image. A GPU gets batches of images of one size.
        """
        runtime = self.cascade.runtime
        if len(images) > 1 and runtime.threads() > 1:
            with ThreadPoolExecutor(runtime.threads(), initializer=runtime.work_alone) as threads:
                return list(threads.map(lambda image: self._detect(image[None])[0], images))
        return self._detect_by_size(images)

    def _detect_by_size(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        found = [_nothing()] * len(images)
        by_size: dict[tuple[int, ...], list[int]] = {}
        for position, image in enumerate(images):
            by_size.setdefault(image.shape, []).append(position)
        for positions in by_size.values():
            batch = np.stack([images[position] for position in positions])
            for position, one in zip(positions, self._detect(batch), strict=True):
                found[position] = one
        return found

    def _detect(self, batch: NDArray[np.uint8]) -> list[Detections]:
        found = self.cascade(batch)
        return [self._order(found[found.images == number], batch.shape[1:3]) for number in range(len(batch))]

    def _order(self, faces: Candidates, size: tuple[int, int]) -> Detections:
        """Return the faces in the order of the selection method."""
        if not len(faces):
            return _nothing()
        ordered = faces[np.argsort(-self._rank(faces.boxes, faces.scores, size), kind="stable")]
        return Detections(ordered.boxes, ordered.scores, ordered.values)

    def _rank(
        self, boxes: NDArray[np.float32], scores: NDArray[np.float32], size: tuple[int, int]
    ) -> NDArray[np.float32]:
        areas: NDArray[np.float32] = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        match self.selection_method:
            case "probability":
                return scores
            case "largest":
                return areas
            case "largest_over_threshold":
                # Faces above the threshold come first, ordered by size.
                is_sure = (scores > self.selection_threshold).astype(np.float32)
                sure_first: NDArray[np.float32] = areas + is_sure * (areas.max() + 1)
                return sure_first
            case "center_weighted_size":
                centres = (boxes[:, :2] + boxes[:, 2:]) / 2
                offsets = centres - np.array([size[1] / 2, size[0] / 2])
                weighted: NDArray[np.float32] = areas - self.center_weight * (offsets**2).sum(axis=1)
                return weighted


def start_runtime(runtime: str, device: str) -> Runtime:
    """Import one runtime only: torch and onnxruntime are slow to import."""
    if runtime == "onnx":
        from ferkit_detectors.mtcnn.onnx_runtime import OnnxRuntime

        return OnnxRuntime(device)
    from ferkit_detectors.mtcnn.torch_runtime import TorchRuntime

    return TorchRuntime(device)


def _nothing() -> Detections:
    empty = np.zeros((0, 4), np.float32)
    return Detections(empty, np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
