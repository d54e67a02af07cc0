"""Faces -> probabilities, by torch, by an exported program or by onnxruntime."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ferkit.errors import RunError

if TYPE_CHECKING:
    import torch
    from torch import nn


class Classifier(Protocol):
    def __call__(self, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        """(B, side, side, 3), normalised -> probabilities (B, labels), each row adding up to 1."""


class TorchClassifier:
    """module: gives logits (B, labels) for (B, 3, side, side); temperature: divides them."""

    def __init__(self, module: nn.Module, device: torch.device, temperature: float) -> None:
        import torch

        self.module = module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.device = device
        self.temperature = temperature

    def __call__(self, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        import torch

        with torch.inference_mode():
            # Channels stay last in memory, as they are in training.
            images = torch.from_numpy(faces).to(self.device).permute(0, 3, 1, 2)
            logits: torch.Tensor = self.module(images).double()
            return np.asarray((logits / self.temperature).softmax(dim=1).cpu().numpy())


class ProgramClassifier:
    """A `.pt2` that `ferkit export` wrote: it gives probabilities itself."""

    def __init__(self, program: Any, device: torch.device) -> None:
        self.module = program.module().to(device)
        self.device = device

    def __call__(self, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        import torch

        with torch.inference_mode():
            images = torch.from_numpy(faces).to(self.device).permute(0, 3, 1, 2).contiguous()
            return np.asarray(self.module(images).double().cpu().numpy())


class OnnxClassifier:
    """A `.onnx` that `ferkit export` wrote, through onnxruntime; torch is not imported."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def __call__(self, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        images = np.ascontiguousarray(faces.transpose(0, 3, 1, 2))
        (probabilities,) = self.session.run(None, {"images": images})
        return np.asarray(probabilities, dtype=np.float64)


def open_session(file: Path, device: str) -> Any:
    """onnxruntime's session, on the GPU only where it is asked for or can be. Raises RunError."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", device):
        raise RunError(f"--device: expected auto, cpu, cuda or cuda:0, got {device!r}")
    try:
        import onnxruntime
    except ImportError as error:
        raise RunError(
            f'{file}: an ONNX file is run by onnxruntime, which is not installed: pip install "ferkit[onnx]"'
        ) from error
    has_gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if device.startswith("cuda") and not has_gpu:
        raise RunError(
            f"--device is {device!r}, but this onnxruntime computes on the CPU only. Take cpu, or install "
            "onnxruntime-gpu."
        )
    try:
        return onnxruntime.InferenceSession(str(file), providers=choose_providers(device, has_gpu))
    except Exception as error:
        raise RunError(f"{file} is no ONNX file that onnxruntime can run: {_first_line(error)}") from error


def choose_providers(device: str, has_gpu: bool) -> list[str | tuple[str, dict[str, int]]]:
    """As onnxruntime takes them, the fastest first; device: "auto", "cpu", "cuda" or "cuda:0"."""
    if not has_gpu or device == "cpu":
        return ["CPUExecutionProvider"]
    number = int(device.partition(":")[2] or 0)
    return [("CUDAExecutionProvider", {"device_id": number}), "CPUExecutionProvider"]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
