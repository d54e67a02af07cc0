"""The cascade in numpy with its networks in onnxruntime. It does not import torch."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import open_session
from ferkit_detectors.cores import available_cores
from ferkit_detectors.mtcnn.area import summed_area
from ferkit_detectors.mtcnn.runtime import Array, Runtime
from ferkit_detectors.mtcnn.suppression import suppress_by_numpy

GRAPHS = Path(__file__).parent / "graphs"
WEIGHTS = "weights"
"""Metadata key of a graph with the origin of its weights."""


class Graph:
    """A network of graphs/, for numpy arrays. Several threads may call it at once."""

    def __init__(self, name: str, device: str) -> None:
        self.name, self.device = name, device
        self.session = open_session(GRAPHS / f"{name}.onnx", device, threads=1)
        self.values = self.session.get_outputs()[1].shape[-1]

    def __reduce__(self) -> tuple[type[Graph], tuple[str, str]]:
        """Return the constructor's arguments: a session cannot be pickled."""
        return type(self), (self.name, self.device)

    def __call__(self, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        scores, values = self.session.run(None, {"images": np.ascontiguousarray(images)})
        return scores, values


class WindowGraph(Graph):
    """P-Net."""

    def __call__(self, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        scores, offsets = super().__call__(images)
        return scores, np.moveaxis(offsets, 1, -1)

    def offsets(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features, which are offsets already: P-Net's graph computes them for every window."""
        return features


def _array_api() -> Any:
    """Return numpy if it has the array API (2.1 or later), else array-api-compat, which imports slowly."""
    if hasattr(np, "unstack"):
        return np
    import array_api_compat.numpy

    return array_api_compat.numpy


class OnnxRuntime(Runtime):
    """The runtime with onnxruntime. See `Runtime`.

    Args:
        device: "cpu", "cuda", or "auto" for a GPU if onnxruntime can use one.

    Raises:
        RunError: onnxruntime is missing or cannot use the device.
    """

    xp: Any = _array_api()
    device = "cpu"
    step = 1

    def __init__(self, device: str) -> None:
        pnet = WindowGraph("pnet", device)
        self.pnet, self.rnet, self.onet = pnet, Graph("rnet", device), Graph("onet", device)
        is_on_gpu = pnet.session.get_providers()[0] != "CPUExecutionProvider"
        self.cores = 1 if is_on_gpu else available_cores()
        self.strip, self.chunk = (1 << 23, 2048) if is_on_gpu else (1 << 18, 64)
        whose = pnet.session.get_modelmeta().custom_metadata_map[WEIGHTS]
        self.weights = f"weights of {whose}, by onnxruntime"

    def inference(self) -> AbstractContextManager[object]:
        return nullcontext()

    def threads(self) -> int:
        return self.cores

    def work_alone(self) -> None:
        """Do nothing: the sessions start no threads."""

    def summed_area(self, images: NDArray[np.uint8]) -> NDArray[np.int32]:
        return summed_area(images)

    def to_numpy(self, array: Array) -> NDArray[Any]:
        return np.asarray(array)

    def take(self, array: Array, places: Array, axis: int) -> Array:
        return np.take(array, places, axis)

    def suppress(self, boxes: Array, scores: Array, groups: Array, overlap: float) -> Array:
        return suppress_by_numpy(boxes, scores, groups, overlap)
