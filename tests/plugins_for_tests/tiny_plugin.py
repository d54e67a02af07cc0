"""A test plugin: a data set of small squares, a tiny backbone and other estimators."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ferkit.plugin import (
    Component,
    Dataset,
    Detections,
    Detector,
    Epoch,
    Face,
    FeatureEstimator,
    Sample,
    hookimpl,
)
from ferkit.runtime.atomic_write import atomic_path
from tests.builders import TinyBackbone


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "dataset",
            "squares",
            "tests.plugins_for_tests.tiny_plugin:Squares",
            "Squares, as bright as their label",
        ),
        Component(
            "dataset",
            "sparing",
            "tests.plugins_for_tests.tiny_plugin:Sparing",
            "Squares, and some that are left out",
        ),
        Component("backbone", "tiny", "tests.plugins_for_tests.tiny_plugin:TinyBackbone", "Two convolutions"),
        Component("head", "mute", "tests.builders:TinyHead", "Has no embed"),
        Component("detector", "blind", "tests.plugins_for_tests.tiny_plugin:Blind", "Finds no face"),
        Component(
            "estimator",
            "glancing",
            "tests.plugins_for_tests.tiny_plugin:Glancing",
            "The commonest label; a network for some options",
        ),
        Component(
            "estimator",
            "seeing",
            "tests.plugins_for_tests.tiny_plugin:Seeing",
            "The nearest face as a network sees it",
        ),
        Component(
            "estimator",
            "telling",
            "tests.plugins_for_tests.tiny_plugin:Telling",
            "Reports all that an epoch can",
        ),
        Component(
            "estimator",
            "patient",
            "tests.plugins_for_tests.tiny_plugin:Patient",
            "Its epochs may be left open",
        ),
        Component(
            "estimator",
            "majority",
            "tests.plugins_for_tests.tiny_plugin:Majority",
            "Always the commonest label",
        ),
    ]


class Squares:
    """PNGs under `root`, made when they are asked for."""

    def __init__(
        self, root: Path, per_class: int = 6, labels: tuple[str, ...] = ("anger", "neutral")
    ) -> None:
        self.root = root
        self.per_class = per_class
        self.labels = labels

    def problems(self) -> list[str]:
        return []

    def samples(self) -> list[Sample]:
        generator = np.random.default_rng(0)
        samples = []
        step = 200 // len(self.labels)
        for index, label in enumerate(self.labels):
            for number in range(self.per_class):
                path = self.root / f"{label}_{number}.png"
                pixels = generator.integers(step * index, step * index + step, (24, 24, 3), dtype=np.uint8)
                with atomic_path(path) as part:  # several processes may draw the same squares
                    Image.fromarray(pixels).save(part)
                samples.append(Sample(path, label))
        return samples


class Sparing(Squares):
    def samples(self) -> list[Sample]:
        self.left_out = {"without a label": 1, "blurred": 3, "double": 0}
        return super().samples()


class Majority:
    """An estimator without epochs."""

    def __init__(self, labels: Sequence[str], confidence: float = 1.0) -> None:
        if confidence > 1:
            raise ValueError(f"confidence: expected a fraction up to 1, got {confidence}")
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


class Patient(Majority):
    def __init__(self, labels: Sequence[str], epochs: int | None = None) -> None:
        super().__init__(labels)
        self.epochs = epochs


class Seeing:
    """The label of the nearest training face, by what the recipe's network sees."""

    def __init__(self, labels: Sequence[str], network: FeatureEstimator, is_trained: bool = True) -> None:
        self.labels = labels
        self.network = network
        self.is_trained = is_trained

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        if self.is_trained:
            for _ in self.network.fit(train, validation):
                pass
        self.seen = self.network.embed(train)
        self.known = [self.labels.index(face.sample.label) for face in train]
        yield Epoch(1, 0.0, 1.0, 0.0, self.predict(validation), 0.0, 0.0)

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        distances = np.linalg.norm(self.network.embed(faces)[:, None] - self.seen[None], axis=2)
        nearest: NDArray[np.float64] = np.eye(len(self.labels))[
            np.array(self.known)[distances.argmin(axis=1)]
        ]
        return nearest


class Blind:
    """A detector that finds no face."""

    version = "1"

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        none = np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32)
        return [Detections(*none) for _ in images]


class Glancing(Majority):
    """A network that only some options use."""

    def __init__(
        self, labels: Sequence[str], is_seeing: bool = False, network: FeatureEstimator | None = None
    ) -> None:
        super().__init__(labels)
        self.needs_network = is_seeing
        self.network = network


class Telling(Majority):
    """Two epochs that say all that they can; learns from further squares."""

    def __init__(
        self,
        labels: Sequence[str],
        crop: Callable[[str, Dataset], Sequence[Face]],
        state_file: Path,
        source: Dataset,
        epochs: int = 2,
        confidence: float = 1.0,
        source_detector: Detector | None = None,
    ) -> None:
        super().__init__(labels, confidence)
        self.crop = crop
        self.state_file = state_file
        self.source = source
        self.epochs = epochs

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        source = self.crop("source", self.source)
        for number in range(1, self.epochs + 1):
            self.state_file.parent.mkdir(parents=True, exist_ok=True)
            self.state_file.write_text(str(number))
            told = {"source_faces": float(len(source)), "loss_adv": 1 / number}
            sheet = np.full((4, 6, 3), 40 * number, dtype=np.uint8)
            warnings = ["The generator has collapsed"] if number == 2 else []
            yield Epoch(
                number,
                0.0,
                0.5,
                float("nan"),
                self.predict(validation),
                0.0,
                0.0,
                told,
                warnings,
                {"sheet": sheet},
            )


__all__ = ["Majority", "Seeing", "Squares", "Telling", "TinyBackbone", "ferkit_components"]
