"""Features of trained models for estimators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferkit.errors import RunError
from ferkit.interfaces import Face, ModelFeatures
from ferkit.neural.batches import FaceImages
from ferkit.neural.checkpoint import HASH
from ferkit.neural.device import make_accelerator
from ferkit.neural.feature_cache import cached_features
from ferkit.neural.network import Network
from ferkit.neural.options import Fit
from ferkit.neural.stage_features import StagePool
from ferkit.predict.model.load import Loaded, load_network


def open_model(name: str, options: Fit) -> ModelFeatures:
    """Open a trained model for its features.

    Args:
        name: "default", a run folder or a .safetensors file. Of a run, the first fold counts.
        options: Device, precision and batch size.

    Raises:
        RunError: There is no such model, or it has no single network.
        ComponentError: A plugin that it needs is missing.
    """
    loaded = load_network(name)
    if not isinstance(loaded.network, Network):
        raise RunError(f"Cannot use the features of {name}: it consists of several networks. Name one fold.")
    return _OpenedModel(loaded, loaded.network, options)


@dataclass(frozen=True, slots=True)
class _OpenedModel:
    """A trained model. Satisfies `ModelFeatures`."""

    loaded: Loaded
    network: Network
    options: Fit

    def stage_features(
        self, faces: Sequence[Face], stages: Sequence[str], grid: int = 0, mirror: bool = False
    ) -> list[NDArray[np.float64]]:
        """Return (faces, D) features of each stage."""
        model = self.loaded.description.model
        names = sorted({name for face in faces for name in (face.sample.label, *(face.sample.soft_target))})
        images = FaceImages(faces, names, model.image_size, self.network.normalize, color=model.color)
        accelerator = make_accelerator(self.options)
        pool = StagePool(self.network.to(accelerator.device), stages, grid, mirror)
        return cached_features(pool, images, accelerator, self.options.batch_size)

    def count_trained_on(self, faces: Sequence[Face]) -> int | None:
        """Return how many of the faces the model was trained on, or None."""
        trained_on = self.loaded.trained_on
        return sum(face.sha256[:HASH] in trained_on for face in faces) if trained_on else None
