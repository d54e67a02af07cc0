"""The networks as callables on numpy arrays, in torch or onnxruntime. Each imports only its own library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import open_session

GRAPHS = Path(__file__).parent / "graphs"
Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]


class Network(Protocol):
    """A BlazeFace network.

    Attributes:
        side: Width and height of the input in pixels.
    """

    side: int

    def __call__(self, images: NDArray[np.float32], /) -> Outputs:
        """Map images (N, 3, side, side) from -1 to 1 to logits (N, anchors, 1) and values (N, anchors, 16)."""


class OnnxNetwork:
    """A network of graphs/ in onnxruntime.

    Args:
        name: Name of the files.
        device: "cpu", "cuda", or "auto" for a GPU if onnxruntime can use one.

    Raises:
        RunError: onnxruntime is missing or cannot use the device.
    """

    def __init__(self, name: str, device: str) -> None:
        self.arguments = name, device
        self.session = open_session(GRAPHS / f"{name}.onnx", device, threads=_threads())
        self.side = int(self.session.get_inputs()[0].shape[-1])

    def __reduce__(self) -> tuple[type[OnnxNetwork], tuple[str, str]]:
        """Return the constructor's arguments: a session cannot be pickled."""
        return OnnxNetwork, self.arguments

    def __call__(self, images: NDArray[np.float32]) -> Outputs:
        logits, values = self.session.run(None, {"images": images})
        return logits, values


def open_network(name: str, device: str, runtime: Literal["torch", "onnx"]) -> Network:
    """Open a network of graphs/. Import one runtime only: torch and onnxruntime are slow to import."""
    if runtime == "onnx":
        return OnnxNetwork(name, device)
    from ferkit_detectors.blazeface.torch_network import TorchNetwork

    return TorchNetwork(GRAPHS / f"{name}.safetensors", device)


def _threads() -> int:
    """Return OMP_NUM_THREADS if it is set, as torch does; otherwise 0, for one thread per core."""
    asked: Any = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(asked) if asked.isdecimal() else 0
