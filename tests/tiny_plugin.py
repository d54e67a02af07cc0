"""A plugin of a test's own: a data set of small squares, a tiny backbone, an estimator of another kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ferkit.plugin import Component, Epoch, Face, Sample, hookimpl
from tests.builders import TinyBackbone


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component("dataset", "squares", "tests.tiny_plugin:Squares", "Squares, as bright as their label"),
        Component("backbone", "tiny", "tests.tiny_plugin:TinyBackbone", "Two convolutions"),
        Component("estimator", "majority", "tests.tiny_plugin:Majority", "Always the commonest label"),
    ]


class Squares:
    """PNGs under `root`, made when they are asked for."""

    def __init__(
        self, root: Path, per_class: int = 6, labels: tuple[str, ...] = ("anger", "neutral")
    ) -> None:
        self.root = root
        self.per_class = per_class
        self.labels = labels

    def faults(self) -> list[str]:
        return []

    def samples(self) -> list[Sample]:
        generator = np.random.default_rng(0)
        samples = []
        step = 200 // len(self.labels)
        for index, label in enumerate(self.labels):
            for number in range(self.per_class):
                path = self.root / f"{label}_{number}.png"
                pixels = generator.integers(step * index, step * index + step, (24, 24, 3), dtype=np.uint8)
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(path)
                samples.append(Sample(path, label))
        return samples


class Majority:
    """An estimator without epochs."""

    def __init__(self, labels: Sequence[str], confidence: float = 1.0) -> None:
        self.labels = labels
        self.confidence = confidence
        self.commonest = 0

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        truth = [face.sample.label for face in train]
        self.commonest = max(range(len(self.labels)), key=lambda index: truth.count(self.labels[index]))
        yield Epoch(1, 0.0, 0.0, 0.0, self.predict(validation), 0.0, 0.0)

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        rest = (1 - self.confidence) / (len(self.labels) - 1)
        probabilities = np.full((len(faces), len(self.labels)), rest)
        probabilities[:, self.commonest] = self.confidence
        return probabilities


__all__ = ["Majority", "Squares", "TinyBackbone", "ferkit_components"]
