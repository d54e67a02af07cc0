"""retinaface-pytorch's RetinaFace as a detector of ferkit."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ferkit.plugin import (
    ComponentError,
    Detections,
    WeightsError,
    WeightsName,
    accept_weights,
    load_weights,
    shorten,
)
from ferkit_detectors.retinaface_weights import read_weights

PACKAGE = "retinaface-pytorch"


class RetinaFaceDetector:
    """RetinaFace, a single-stage detector with a ResNet-50 (Deng et al. 2020).

    Boxes and landmarks are rounded to whole pixels by the package retinaface-pytorch.

    Args:
        weights: Name of its weights.
        max_size: Pixels of the longer side that images are scaled to, a multiple of 32.
        confidence: Minimum score of a face, from 0 to 1.
        overlap: Intersection over union above which the face with the lower score is dropped, from 0 to 1.
        selection_method: First face: "probability" is the one with the highest score, "largest" the largest.
        device: "cpu", "cuda", or "auto" for a GPU if there is one.
    """

    def __init__(
        self,
        weights: WeightsName = WeightsName("retinaface_resnet50"),  # noqa: B008
        max_size: int = 960,
        confidence: float = 0.7,
        overlap: float = 0.4,
        selection_method: Literal["probability", "largest"] = "probability",
        device: str = "auto",
    ) -> None:
        if max_size < 32 or max_size % 32:
            raise ValueError(f"max_size: expected a multiple of 32 pixels, got {max_size}")
        for name, value in (("confidence", confidence), ("overlap", overlap)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name}: expected a number from 0 to 1, got {value}")
        if weights == "none":
            raise ValueError('weights: expected the name of weights, got "none"')
        self.confidence = confidence
        self.overlap = overlap
        self.selection_method = selection_method
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = _load_model(weights, max_size, device)
        self.version = f"{PACKAGE} {version(PACKAGE)}"

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Detect the faces of each image. The package accepts one image at a time."""
        return [self._detect(image) for image in images]

    def _detect(self, image: NDArray[np.uint8]) -> Detections:
        found = self.model.predict_jsons(image, self.confidence, self.overlap)
        # Without a face, the package returns one entry without a box.
        faces = [one for one in found if one["bbox"]]
        boxes = np.array([one["bbox"] for one in faces], np.float32).reshape(-1, 4)
        scores = np.array([one["score"] for one in faces], np.float32)
        landmarks = np.array([one["landmarks"] for one in faces], np.float32).reshape(-1, 5, 2)
        first = np.argsort(-self._rank(boxes, scores), kind="stable")
        return Detections(boxes[first], scores[first], landmarks[first])

    def _rank(self, boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.selection_method == "probability":
            return scores
        sides = boxes[:, 2:] - boxes[:, :2]
        areas: NDArray[np.float32] = sides[:, 0] * sides[:, 1]
        return areas


def _load_model(weights: str, max_size: int, device: str) -> Any:
    """Return the package's model with its weights. Raises ComponentError and WeightsError."""
    try:
        package = import_module("retinaface.predict_single")
    except ImportError as error:
        raise ComponentError(
            f"detector 'retinaface' needs the package {PACKAGE}, which cannot be imported: {error}. "
            'Install it with: pip install "ferkit[retinaface]"'
        ) from error
    entry, path = load_weights(weights)
    model = package.Model(max_size=max_size, device=device)
    try:
        model.load_state_dict(read_weights(path))
    except RuntimeError as error:
        raise WeightsError(
            f"Cannot load {path} into RetinaFace with a ResNet-50: {shorten(error, 200)}"
        ) from error
    accept_weights(entry, path)
    model.eval()
    return model
