"""Classify faces with torch, an exported program or onnxruntime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ferkit.runtime.float32 import exact_float32

if TYPE_CHECKING:
    import torch
    from torch import nn


class Classifier(Protocol):
    def __call__(self, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        """Map normalised faces (B, side, side, 3) to probabilities (B, labels). Each row adds up to 1."""


class TorchClassifier:
    """A network in torch.

    Args:
        module: Maps images (B, 3, side, side) to logits (B, labels).
        device: Where it computes.
        temperature: Divides the logits.
    """

    def __init__(self, module: nn.Module, device: torch.device, temperature: float) -> None:
        import torch

        self.module = module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.device = device
        self.temperature = temperature

    def __call__(self, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        import torch

        with torch.inference_mode(), exact_float32():
            # Channels stay last in memory, as they are in training.
            images = torch.from_numpy(faces).to(self.device).permute(0, 3, 1, 2)
            logits: torch.Tensor = self.module(images).double()
            return np.asarray((logits / self.temperature).softmax(dim=1).cpu().numpy())


class ProgramClassifier:
    """A `.pt2` file from `ferkit export`, which returns probabilities."""

    def __init__(self, program: Any, device: torch.device) -> None:
        self.module = program.module().to(device)
        self.device = device

    def __call__(self, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        import torch

        with torch.inference_mode(), exact_float32():
            images = torch.from_numpy(faces).to(self.device).permute(0, 3, 1, 2).contiguous()
            return np.asarray(self.module(images).double().cpu().numpy())


class OnnxClassifier:
    """An ONNX file from `ferkit export`, run by onnxruntime without torch."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def __call__(self, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        images = np.ascontiguousarray(faces.transpose(0, 3, 1, 2))
        (probabilities,) = self.session.run(None, {"images": images})
        return np.asarray(probabilities, dtype=np.float64)
