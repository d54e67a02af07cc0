"""retinaface-pytorch's RetinaFace behind ferkit's interface."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ferkit.plugin import ComponentError, Detections, WeightsError, WeightsName, accept_weights, load_weights
from ferkit_detectors.retinaface_weights import read_weights

PACKAGE = "retinaface-pytorch"


class RetinaFaceDetector:
    """Faces by the single-stage detector of Deng et al. 2020 with a ResNet-50.

    weights: the name of its weights; max_size: pixels that an image's longer side is scaled to, a
    multiple of 32; confidence: score below which a face is none, 0..1; overlap: of two boxes, from which the
    less sure one is dropped, 0..1; selection_method: whether the surest or the largest face comes first;
    device: "auto" is the GPU if there is one. Boxes and landmarks are whole pixels, as the package has them.
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
            raise ValueError("weights: a detector that knows no face finds none; name some")
        self.confidence = confidence
        self.overlap = overlap
        self.selection_method = selection_method
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = _load_model(weights, max_size, device)
        self.version = f"{PACKAGE} {version(PACKAGE)}"

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """One after another: the package takes single images."""
        return [self._detect(image) for image in images]

    def _detect(self, image: NDArray[np.uint8]) -> Detections:
        found = self.model.predict_jsons(image, self.confidence, self.overlap)
        # Of no face the package gives one without a box.
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
    """The package's model with its weights. Raises ComponentError, WeightsError."""
    try:
        package = import_module("retinaface.predict_single")
    except ImportError as error:
        raise ComponentError(
            f"detector 'retinaface' needs the package {PACKAGE}, which can't be imported ({error}). "
            'Install it: pip install "ferkit[retinaface]"'
        ) from error
    entry, path = load_weights(weights)
    model = package.Model(max_size=max_size, device=device)
    try:
        model.load_state_dict(read_weights(path))
    except RuntimeError as error:
        raise WeightsError(f"{path} does not fit RetinaFace with a ResNet-50: {error}") from error
    accept_weights(entry, path)
    model.eval()
    return model
