"""Two small domains: grey shapes, and red ones whose labels cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ferkit_cycleat.cycleat import CycleATEstimator
from torch import Tensor, nn

from ferkit.plugin import Dataset, Face, Sample
from ferkit.testing.drawing import PixelNetwork

LABELS = ("anger", "happiness", "neutral")
SIDE = 16
TINY: Mapping[str, Any] = {
    "image_size": SIDE,
    "width": 4,
    "blocks": 1,
    "classifier": "small",
    "classifier_width": 4,
    "batch_size": 8,
    "epochs": 2,
    "warmup_epochs": 1,
    "steps_per_epoch": 2,
    "device": "cpu",
}


class SecretSample(Sample):
    """A sample whose label raises an error when it is read."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if name == "label":
            raise AssertionError("a label of the target was read")
        return super().__getattribute__(name)


def draw(label: str, rng: np.random.Generator, is_red: bool) -> np.ndarray[Any, Any]:
    """Draw a horizontal bar, a vertical bar or a square, light on dark, grey or red (target)."""
    image = np.full((SIDE, SIDE, 3), 40.0)
    top, left = (int(value) for value in rng.integers(2, 5, 2))
    height, width = {"anger": (3, 9), "happiness": (9, 3), "neutral": (7, 7)}[label]
    image[top : top + height, left : left + width] = 210
    if is_red:
        image = image * (1.0, 0.3, 0.1)
    return np.clip(image + rng.normal(0, 8, image.shape), 0, 255).astype(np.uint8)


def make_faces(per_class: int = 8, *, is_target: bool = False, labels: Iterable[str] = LABELS) -> list[Face]:
    rng = np.random.default_rng(1 if is_target else 0)
    faces = []
    for label in labels:
        for number in range(per_class):
            name = f"{'target' if is_target else 'source'}_{label}_{number}.png"
            sample = Sample(Path(name), label)
            faces.append(Face(sample, draw(label, rng, is_target), None, None, f"hash of {name}"))
    return faces


def hide_labels(faces: Sequence[Face]) -> list[Face]:
    """Return the same faces with labels that raise AssertionError when they are read."""
    return [
        Face(SecretSample(face.sample.path, ""), face.image, face.box, face.score, face.sha256)
        for face in faces
    ]


class TinyModule(nn.Module):
    """A network with batch normalisation and dropout."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.trunk = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.Dropout(0.3))
            self.classify = nn.Linear(4, len(LABELS))

    def forward(self, images: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        maps = self.trunk(images)
        return {"early": images, "late": maps}, self.classify(maps.mean(dim=(2, 3)))


class TinyNetwork(PixelNetwork):
    """The network of a recipe's [model]."""

    def __init__(self) -> None:
        super().__init__(LABELS)
        self.counts: list[list[float]] = []

    def build_module(self, class_counts: Sequence[float]) -> nn.Module:
        self.counts.append(list(class_counts))
        return TinyModule()


class Faces:
    """A minimal data set for `crop` below."""

    def __init__(self, faces: Sequence[Face]) -> None:
        self.faces = faces

    def problems(self) -> list[str]:
        return []

    def samples(self) -> list[Sample]:
        return [face.sample for face in self.faces]


def crop(name: str, dataset: Dataset) -> Sequence[Face]:
    assert name in ("source", "auxiliary")
    assert isinstance(dataset, Faces)
    return dataset.faces


def make_estimator(
    state_file: Path, source: Sequence[Face] | None = None, seed: int = 3, **options: Any
) -> CycleATEstimator:
    faces = Faces(make_faces() if source is None else source)
    return CycleATEstimator(LABELS, seed, crop, state_file, source=faces, **{**TINY, **options})
