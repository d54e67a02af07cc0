"""A network in memory: labels, preprocessing and all that prediction and export need."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ferkit.components.discovery import load_plugins
from ferkit.data.crops import crop_detected
from ferkit.errors import DataError
from ferkit.interfaces import Detections
from ferkit.neural.checkpoint import hash_tensors
from ferkit.neural.device import choose_device
from ferkit.neural.network import Network
from ferkit.neural.preprocessing import Normalisation, resize_square
from ferkit.predict.given import Given, as_frame, is_one_image, list_images
from ferkit.predict.model.classifiers import TorchClassifier
from ferkit.predict.model.description import Description
from ferkit.predict.model.load import Loaded, Model


def _as_detections(box: Sequence[float], landmarks: Sequence[Sequence[float]] | None) -> Detections:
    points = np.full((5, 2), np.nan) if landmarks is None else np.asarray(landmarks, np.float64)
    if points.shape != (5, 2):
        raise DataError(f"landmarks: expected five points (x, y), got an array of shape {points.shape}")
    boxes = np.asarray(box, np.float32)[None]
    return Detections(boxes, np.ones(1, np.float32), points.astype(np.float32)[None])


class Preprocessing:
    """Preprocessing of a network: crop, resize, optional grey, normalise.

    Args:
        description: The model.
    """

    def __init__(self, description: Description) -> None:
        self.faces = description.faces
        self.side = description.model.image_size
        self._normalise = Normalisation(description.model.normalize, description.model.color)

    def __call__(
        self,
        images: Given | Iterable[Given],
        box: Sequence[float] | None = None,
        landmarks: Sequence[Sequence[float]] | None = None,
        *,
        bgr: bool = False,
    ) -> Tensor:
        """Prepare faces for the network, as in training and prediction.

        Args:
            images: An image or several. An image is a file's path, the bytes of a file, a PIL image, or an
                RGB array of shape (H, W, 3), uint8.
            box: Box (x0, y0, x1, y1) of the face in pixels, as `Row.box` has it. The model's margin is added.
                Only for one image. Default: the images are cropped faces.
            landmarks: The five points (x, y) of the face in pixels, as `Detections.landmarks` has them. A
                network that was trained on aligned faces needs them with a box.
            bgr: The channels of arrays are in the order BGR.

        Returns:
            (3, side, side) float32 for one image, (B, 3, side, side) for several.

        Raises:
            DataError: An image cannot be read, a box is given for several images, or landmarks are missing.
        """
        is_one = is_one_image(images)
        if box is not None and not is_one:
            raise DataError("box: expected one image, got several. Call it once for each image")
        if box is not None and landmarks is None and self.faces.align != "none":
            raise DataError(
                "landmarks: the network was trained on aligned faces. Pass the five landmarks too"
            )
        found = None if box is None else _as_detections(box, landmarks)
        faces = [self._prepare(one, number, found, bgr) for number, one in enumerate(list_images(images))]
        if is_one:
            return faces[0]
        return torch.stack(faces) if faces else torch.zeros(0, 3, self.side, self.side)

    def _prepare(self, image: Given, number: int, found: Detections | None, is_bgr: bool) -> Tensor:
        face = as_frame(image, number, is_bgr).image
        if found is not None:
            face = crop_detected(face, found, 0, self.faces)
        square = resize_square(np.ascontiguousarray(face), self.side)
        return torch.from_numpy(self._normalise(square)).permute(2, 0, 1)


class TrainedNetwork(Network):
    """A network with its labels and its preprocessing, to use or to train further.

    It maps (B, 3, side, side) images to (B, labels) logits. `embed` returns the input of its last layer.
    `ferkit.export`, `ferkit.evaluate` and `ferkit.Predictor` take it. If its tensors have changed since it
    was loaded, they leave out its scores, temperature and training images.

    Args:
        loaded: The network.

    Attributes:
        labels: The labels, in the order of the logits.
        preprocess: Prepares faces: an image to (3, side, side), several to (B, 3, side, side).
        description: The model's settings: detector, crop margin, image size and so on.
    """

    def __init__(self, loaded: Loaded) -> None:
        network: Any = loaded.network
        super().__init__(network.backbone, network.head, network.output, network.default_stage)
        self.normalize = network.normalize
        self.labels = loaded.description.labels
        self.description = loaded.description
        self.preprocess = Preprocessing(loaded.description)
        self._known = loaded.trained_on
        self._began_with = hash_tensors(self.state_dict())
        self.train(network.training)

    @property
    def trained_on(self) -> frozenset[str]:
        """First digits of the hashes of the training images; empty if unknown or after further training."""
        return frozenset() if self.is_trained_further() else self._known

    def is_trained_further(self) -> bool:
        """Return True if the tensors have changed since the network was loaded."""
        return hash_tensors(self.state_dict()) != self._began_with

    def as_loaded(self) -> Loaded:
        """Return a copy of the network for export, in eval mode on the CPU."""
        known = self.description
        if self.is_trained_further():
            known = replace(known, metrics={}, temperature=1.0, source=f"{known.source}, trained further")
        network = copy.deepcopy(self).cpu().eval()
        return Loaded(network, known, self.trained_on, temperatures=(known.temperature,))

    def as_model(self, device: str) -> Model:
        """Return a copy of the network for prediction, on a device such as "auto" or "cpu"."""
        loaded = self.as_loaded()
        known = loaded.description
        classify = TorchClassifier(loaded.network, choose_device(device), known.temperature)
        return Model(known, classify, load_plugins(known.plugins), f"{known.source}, in memory")
