"""Components that pass every check of a recipe, and break the contract during a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ferkit.plugin import Component, Detections, Epoch, Face, Sample, hookimpl
from tests.builders import TinyBackbone, TinyHead
from tests.plugins_for_tests.tiny_plugin import Majority, Squares

RAISING = ("InterruptsForward", "Unprintable", "LongMessage", "InterruptsTraining")


@hookimpl
def ferkit_components() -> list[Component]:
    targets = {
        "dataset": ("NamesOnly", "CountsNothing", "StumblesOverItsData", "RaisesInFaults", "SaysOneProblem"),
        "detector": (
            *("OneTooFew", "Tuples", "WidthsOnly", "NotFinite", "FailsToDetect", "NotBuilt"),
            *(
                "GivesNone",
                "Inverted",
                "Outside",
                "InfiniteScore",
                "Leaves",
                "Interrupts",
                "Closes",
            ),
        ),
        "backbone": ("KeepsAStageBack", "OneMap", "Flattens"),
        "head": (
            "OneTooMany",
            "Squeezes",
            "FailsInALibrary",
            "NotBuiltHead",
            "Multiplies",
            "Forgets",
            *RAISING,
        ),
        "output": ("DropsAClass",),
        "loss": (
            "OnePerImage",
            "NoModule",
            "Unreduced",
            "WantsWeights",
            "WantsLabels",
            "NoGradient",
            "Zeroes",
        ),
        "estimator": ("FailsToFit", "GivesOneRow", "StopsTooSoon"),
    }
    return [
        Component(kind, name, f"tests.plugins_for_tests.midway_plugin:{name}", "Wrong in the middle")  # type: ignore[arg-type]
        for kind, names in targets.items()
        for name in names
    ]


class NamesOnly(Squares):
    def samples(self) -> list[Sample]:
        return [str(sample.path) for sample in super().samples()]  # type: ignore[misc]


class CountsNothing(Squares):
    left_out = ("blurred",)


class StumblesOverItsData(Squares):
    def samples(self) -> list[Sample]:
        raise KeyError("no column called label")


class RaisesInFaults(Squares):
    def problems(self) -> list[str]:
        raise KeyError("no column called path")


class SaysOneProblem(Squares):
    def problems(self) -> list[str]:
        return "there is no folder"  # type: ignore[return-value]


class NoWords(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise RuntimeError("no words")


class InterruptsForward(TinyHead):
    def forward(self, features: Tensor) -> Tensor:
        raise KeyboardInterrupt


class InterruptsTraining(TinyHead):
    def forward(self, features: Tensor) -> Tensor:
        if not features.is_meta:
            raise KeyboardInterrupt
        return super().forward(features)


class Unprintable(TinyHead):
    def forward(self, features: Tensor) -> Tensor:
        raise NoWords


class LongMessage(TinyHead):
    def forward(self, features: Tensor) -> Tensor:
        raise RuntimeError("words " * 100_000)


class Detector:
    version = "1"

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Any]:
        return [self.detect(image) for image in images]

    def detect(self, image: NDArray[np.uint8]) -> Any:
        return Detections(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2)))


class OneTooFew(Detector):
    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Any]:
        return super().__call__(images)[1:]


class Tuples(Detector):
    def detect(self, image: NDArray[np.uint8]) -> Any:
        return ([], [], [])


class WidthsOnly(Detector):
    def detect(self, image: NDArray[np.uint8]) -> Any:
        return Detections(np.ones((1, 2)), np.ones(1), np.zeros((1, 5, 2)))


class NotFinite(Detector):
    def detect(self, image: NDArray[np.uint8]) -> Any:
        return Detections(np.full((1, 4), np.nan), np.ones(1), np.zeros((1, 5, 2)))


class FailsToDetect(Detector):
    def detect(self, image: NDArray[np.uint8]) -> Any:
        raise RuntimeError("no kernel image is available")


class GivesNone(Detector):
    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> Any:
        return None


class Inverted(Detector):
    box = (30, 5, 10, 25)
    score = 1.0

    def detect(self, image: NDArray[np.uint8]) -> Any:
        return Detections(np.array([self.box], np.float32), np.array([self.score]), np.zeros((1, 5, 2)))


class Outside(Inverted):
    box = (5000, 5, 5030, 25)


class InfiniteScore(Inverted):
    box = (5, 5, 30, 25)
    score = float("inf")


class Leaves(Detector):
    def detect(self, image: NDArray[np.uint8]) -> Any:
        sys.exit("enough")


class Interrupts(Detector):
    def detect(self, image: NDArray[np.uint8]) -> Any:
        raise KeyboardInterrupt


class Closes(Detector):
    def detect(self, image: NDArray[np.uint8]) -> Any:
        raise GeneratorExit


class NotBuilt(Detector):
    def __init__(self) -> None:
        raise OSError("libdetect.so is not there")


class KeepsAStageBack(TinyBackbone):
    def forward(self, images: Tensor) -> dict[str, Tensor]:
        maps = super().forward(images)
        return maps if images.is_meta else {"early": maps["early"]}


class OneMap(TinyBackbone):
    def forward(self, images: Tensor) -> Any:
        maps = super().forward(images)
        return maps if images.is_meta else maps["late"]


class Flattens(TinyBackbone):
    def forward(self, images: Tensor) -> dict[str, Tensor]:
        maps = super().forward(images)
        return maps if images.is_meta else {name: one.flatten(1) for name, one in maps.items()}


class OneTooMany(TinyHead):
    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__(in_channels, num_classes + 1)


class Squeezes(TinyHead):
    def forward(self, features: Tensor) -> Tensor:
        logits = super().forward(features)
        return logits if features.is_meta else logits.flatten()


class FailsInALibrary(TinyHead):
    def forward(self, features: Tensor) -> Tensor:
        logits = super().forward(features)
        return logits if features.is_meta else nn.functional.pad(logits, (1,))


class NotBuiltHead(TinyHead):
    def __init__(self, in_channels: int, num_classes: int) -> None:
        raise RuntimeError("compiled for another torch")


class Multiplies(TinyHead):
    def forward(self, features: Tensor) -> Tensor:
        return self.project(features.mean(dim=(2, 3)))

    def project(self, rows: Tensor) -> Tensor:
        return nn.functional.linear(rows, rows.new_zeros(2, 3))


class Forgets(TinyHead):
    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(super().forward(features))  # type: ignore[name-defined]  # noqa: F821


class DropsAClass(nn.Module):
    def forward(self, logits: Tensor) -> Tensor:
        return logits if logits.is_meta else logits[:, :-1]


class Unreduced(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(logits, targets, reduction="none")


class OnePerImage(Unreduced):
    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        each = super().forward(logits, targets)
        return each.mean() if logits.is_meta else each


class WantsWeights(Unreduced):
    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return (super().forward(logits, targets) * logits.new_zeros(5)).mean()


class WantsLabels(Unreduced):
    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return -logits.gather(1, targets[:, None]).mean()


class NoModule:
    def __init__(self, num_classes: int) -> None:
        pass


class FailsToFit(Majority):
    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        raise ZeroDivisionError("no face has this label")


class StopsTooSoon(Majority):
    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        yield next(iter(()))


class GivesOneRow(Majority):
    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        return super().predict(faces)[:1]


class NoGradient(nn.Module):
    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(logits.detach(), targets)
