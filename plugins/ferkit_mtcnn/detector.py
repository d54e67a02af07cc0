"""facenet-pytorch's MTCNN behind ferkit's interface."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib.metadata import version
from typing import Literal

import numpy as np
import torch
from facenet_pytorch import MTCNN
from facenet_pytorch.models.utils.detect_face import detect_face
from numpy.typing import NDArray

from ferkit.plugin import Detections

Selection = Literal["probability", "largest", "largest_over_threshold", "center_weighted_size"]
SMALLEST = 12
"""The side in pixels of the first network's window."""


class MTCNNDetector:
    """Faces by the three-network cascade of Zhang et al. 2016, with the weights in facenet-pytorch's wheel.

    min_face_size: pixels; thresholds: of the three networks, 0..1; factor: between the scales of the image
    pyramid, 0..1; selection_method: which face comes first, by facenet-pytorch's rules, "probability" being
    the paper's; selection_threshold: for "largest_over_threshold"; center_weight: for "center_weighted_size";
    device: "auto" is the GPU if there is one.

    facenet-pytorch's options about its own crops (image_size, margin, post_process, keep_all) have no place
    here: ferkit keeps all boxes and crops by the recipe's `[faces]`.
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
    ) -> None:
        if min_face_size < 1:
            raise ValueError(f"min_face_size: expected at least 1 pixel, got {min_face_size}")
        if not 0 < factor < 1:
            raise ValueError(f"factor: expected a number between 0 and 1, got {factor}")
        if not all(0 <= threshold <= 1 for threshold in thresholds):
            raise ValueError(f"thresholds: expected numbers from 0 to 1, got {thresholds}")
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.version = f"facenet-pytorch {version('facenet-pytorch')}"
        self.selection_method = selection_method
        self.selection_threshold = selection_threshold
        self.center_weight = center_weight
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # its torch.load, of its own wheel's files
            self.mtcnn = MTCNN(
                min_face_size=min_face_size,
                thresholds=list(thresholds),
                factor=factor,
                device=torch.device(device),
            ).eval()

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Images of equal size go through the networks together."""
        found = [_nothing()] * len(images)
        by_size: dict[tuple[int, ...], list[int]] = {}
        for position, image in enumerate(images):
            by_size.setdefault(image.shape, []).append(position)
        for shape, positions in by_size.items():
            # Below this the pyramid has no level, and facenet-pytorch fails (timesler/facenet-pytorch#147).
            if min(shape[:2]) >= max(SMALLEST, self.mtcnn.min_face_size):
                batch = np.stack([images[position] for position in positions])
                for position, one in zip(positions, self._detect(batch), strict=True):
                    found[position] = one
        return found

    @torch.inference_mode()
    def _detect(self, batch: NDArray[np.uint8]) -> list[Detections]:
        m = self.mtcnn
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            boxes, points = detect_face(
                batch, m.min_face_size, m.pnet, m.rnet, m.onet, m.thresholds, m.factor, m.device
            )
        return [self._order(*one, batch.shape[1:3]) for one in zip(boxes, points, strict=True)]

    def _order(
        self, boxes: NDArray[np.float32], points: NDArray[np.float32], size: tuple[int, int]
    ) -> Detections:
        """The face that the selection method picks first, the others after it in its order."""
        if not len(boxes):
            return _nothing()
        boxes = np.asarray(boxes, dtype=np.float32)
        corners, scores = boxes[:, :4], boxes[:, 4]
        best_first = np.argsort(-self._rank(corners, scores, size), kind="stable")
        landmarks = np.asarray(points, dtype=np.float32)[best_first]
        return Detections(corners[best_first], scores[best_first], landmarks)

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
                # Those over the threshold by size, before all the others.
                is_sure = (scores > self.selection_threshold).astype(np.float32)
                sure_first: NDArray[np.float32] = areas + is_sure * (areas.max() + 1)
                return sure_first
            case "center_weighted_size":
                centres = (boxes[:, :2] + boxes[:, 2:]) / 2
                offsets = centres - np.array([size[1] / 2, size[0] / 2])
                weighted: NDArray[np.float32] = areas - self.center_weight * (offsets**2).sum(axis=1)
                return weighted


def _nothing() -> Detections:
    empty = np.zeros((0, 4), np.float32)
    return Detections(empty, np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
