"""Test components with options of every type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ferkit.components.registry import Registry
from ferkit.plugin import Callback, Component, Dataset, Descriptor, Loss, Sample, WeightsName, hookimpl
from tests.builders import TinyBackbone, TinyHead


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "callback", "stops", "tests.plugins_for_tests.parts_plugin:make_stopping", "Built by a function"
        ),
        Component(
            "head", "pooling", "tests.plugins_for_tests.parts_plugin:PoolingHead", "Options of every type"
        ),
        Component(
            "loss", "wrapped", "tests.plugins_for_tests.parts_plugin:WrappedLoss", "A loss around another"
        ),
        Component(
            "loss",
            "counting",
            "tests.plugins_for_tests.parts_plugin:CountingLoss",
            "Wants to know the counts",
        ),
        Component(
            "output", "anything", "tests.plugins_for_tests.parts_plugin:AnythingOutput", "Takes any option"
        ),
        Component(
            "dataset", "folder", "tests.plugins_for_tests.parts_plugin:FolderDataset", "Says what is missing"
        ),
        Component(
            "backbone",
            "pretrained",
            "tests.plugins_for_tests.parts_plugin:PretrainedBackbone",
            "Names weights",
        ),
        Component(
            "detector",
            "hollow",
            "tests.plugins_for_tests.parts_plugin:NoSuchDetector",
            "Its target is not there",
        ),
        Component(
            "detector",
            "odd",
            "tests.plugins_for_tests.parts_plugin:OddDetector",
            "An option that no recipe can write",
        ),
        Component(
            "estimator",
            "constant",
            "tests.plugins_for_tests.parts_plugin:ConstantEstimator",
            "Learns nothing",
        ),
        Component(
            "estimator",
            "described",
            "tests.plugins_for_tests.parts_plugin:DescribedEstimator",
            "Nested lists",
        ),
        Component("descriptor", "mean", "tests.plugins_for_tests.parts_plugin:MeanDescriptor", "One number"),
        Component("weights", "faces_2018", "tests.plugins_for_tests.parts_plugin:WEIGHTS", "Never fetched"),
    ]


class PoolingHead(TinyHead):
    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        dropout: float = 0.0,
        layers: int = 1,
        is_deep: bool = False,
        pooling: Literal["average", "max"] = "average",
        scale: tuple[float, float] = (0.0, 1.0),
        stages: tuple[str, ...] = (),
        table: Path | None = None,
        rate: float | None = None,
    ) -> None:
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout: expected 0 to below 1, got {dropout}")
        super().__init__(in_channels, num_classes)
        self.options = {**locals()}


class CountingLoss(nn.Module):
    def __init__(self, num_classes: int, class_counts: Sequence[int], gamma: float = 2.0) -> None:
        super().__init__()
        if gamma > 100:
            raise RuntimeError("out of range")
        self.num_classes = num_classes
        self.class_counts = class_counts
        self.gamma = gamma


class WrappedLoss(nn.Module):
    def __init__(self, num_classes: int, epsilon: float, base: Loss | None = None) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.base = base


class AnythingOutput(nn.Identity):
    def __init__(self, labels: Sequence[str], **options: Any) -> None:
        super().__init__()
        self.labels = labels
        self.options: Mapping[str, Any] = options


class FolderDataset:
    def __init__(self, root: Path, per_class: int = 3) -> None:
        if per_class < 1:
            raise ValueError(f"per_class: expected at least 1, got {per_class}")
        self.root = root

    def problems(self) -> list[str]:
        if self.root.name == "unreadable":
            raise PermissionError(13, "Permission denied", str(self.root))
        return [] if self.root.is_dir() else [f"there is no folder {self.root}; ask its makers for the data"]

    def samples(self) -> list[Sample]:
        raise AssertionError("a check reads no data")


NONE = WeightsName("none")


class PretrainedBackbone(TinyBackbone):
    def __init__(self, weights: WeightsName = NONE, freeze: bool = False) -> None:
        super().__init__()
        self.weights = weights


WEIGHTS = None


class OddDetector:
    def __init__(self, session: Registry | None = None) -> None:
        self.session = session


class ConstantEstimator:
    def __init__(self, labels: Sequence[str], seed: int) -> None:
        self.labels = labels
        self.seed = seed


class MeanDescriptor:
    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self.signature = f"mean {scale}"

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([self.scale * image.mean()])


class DescribedEstimator:
    def __init__(
        self, labels: Sequence[str], descriptors: tuple[Descriptor, ...], source: Dataset | None = None
    ) -> None:
        self.descriptors = descriptors
        self.source = source


class Stopping(Callback):
    needs_validation = True


def make_stopping() -> Stopping:
    return Stopping()
