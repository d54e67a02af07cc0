"""The cascade by numpy, its networks by onnxruntime: torch is not imported."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import open_session
from ferkit_detectors.mtcnn.area import summed_area
from ferkit_detectors.mtcnn.runtime import Array, Runtime
from ferkit_detectors.mtcnn.suppression import suppress_by_numpy

GRAPHS = Path(__file__).parent / "graphs"
WEIGHTS = "weights"
"""Of a graph's metadata: whose they are."""


class Graph:
    """A network of graphs/, by its name: numpy in, numpy out. Several threads may call it at once."""

    def __init__(self, name: str, device: str) -> None:
        self.name, self.device = name, device
        self.session = open_session(GRAPHS / f"{name}.onnx", device, threads=1)
        self.values = self.session.get_outputs()[1].shape[-1]

    def __reduce__(self) -> tuple[type[Graph], tuple[str, str]]:
        """A session can't be pickled."""
        return Graph, (self.name, self.device)

    def __call__(self, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        scores, values = self.session.run(None, {"images": np.ascontiguousarray(images)})
        return scores, values

    def offsets(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """P-Net's graph has worked them out for every window."""
        return features


def _array_api() -> Any:
    """numpy itself has the array API from 2.1 on; the package imports all of numpy, which takes long."""
    if hasattr(np, "unstack"):
        return np
    import array_api_compat.numpy

    return array_api_compat.numpy


class OnnxRuntime(Runtime):
    """See `Runtime`. device: "auto" is the GPU if onnxruntime can use one. Raises RunError."""

    xp: Any = _array_api()
    device = "cpu"

    def __init__(self, device: str) -> None:
        pnet = Graph("pnet", device)
        self.pnet, self.rnet, self.onet = pnet, Graph("rnet", device), Graph("onet", device)
        is_on_gpu = pnet.session.get_providers()[0] != "CPUExecutionProvider"
        self.cores = 1 if is_on_gpu else _cores()
        self.strip, self.chunk = (1 << 23, 2048) if is_on_gpu else (1 << 18, 64)
        whose = pnet.session.get_modelmeta().custom_metadata_map[WEIGHTS]
        self.weights = f"weights of {whose}, by onnxruntime"

    def inference(self) -> AbstractContextManager[object]:
        return nullcontext()

    def threads(self) -> int:
        return self.cores

    def work_alone(self) -> None:
        """The sessions begin no threads as it is."""

    def summed_area(self, images: NDArray[np.uint8]) -> NDArray[np.int32]:
        return summed_area(images)

    def to_numpy(self, array: Array) -> NDArray[Any]:
        return np.asarray(array)

    def take(self, array: Array, places: Array, axis: int) -> Array:
        return np.take(array, places, axis)

    def suppress(self, boxes: Array, scores: Array, groups: Array, overlap: float) -> Array:
        return suppress_by_numpy(boxes, scores, groups, overlap)


def _cores() -> int:
    """As many as OMP_NUM_THREADS says, as torch does; else those that this process may use, where the system
    tells."""
    if (asked := os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()).isdecimal() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
