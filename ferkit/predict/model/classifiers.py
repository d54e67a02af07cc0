"""Classify faces with torch, an exported program or onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ferkit.errors import RunError
from ferkit.messages import list_some, shorten
from ferkit.runtime.float32 import exact_float32

if TYPE_CHECKING:
    import torch
    from torch import nn

FLOAT = "tensor(float)"
"""float32 in the words of onnxruntime."""


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
    """An ONNX file from `ferkit export`, run by onnxruntime without torch.

    Raises:
        RunError: Its inputs or outputs are others than those of an export.
    """

    def __init__(self, session: Any, file: Path, side: int, labels: int) -> None:
        _check_values(file, "input", session.get_inputs(), "images", (None, 3, side, side))
        _check_values(file, "output", session.get_outputs(), "probabilities", (None, labels))
        self.session = session

    def __call__(self, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        images = np.ascontiguousarray(faces.transpose(0, 3, 1, 2))
        (probabilities,) = self.session.run(None, {"images": images})
        return np.asarray(probabilities, dtype=np.float64)


def _check_values(
    file: Path, what: str, values: Sequence[Any], name: str, shape: Sequence[int | None]
) -> None:
    """Raises RunError if the only value is not `name`, float32, of a shape like (None, 3, 112, 112)."""
    found = [
        (one.name, one.type, [step if type(step) is int else None for step in one.shape]) for one in values
    ]
    if [one[:2] for one in found] == [(name, FLOAT)] and _fits(found[0][2], shape):
        return
    wanted = f"{name}, {FLOAT} {_words(shape)}"
    given = list_some([shorten(f"{one}, {kind} {_words(steps)}") for one, kind, steps in found]) or "none"
    raise RunError(f"Cannot use {file}: expected the {what} {wanted}, got {given}. Export it again.")


def _fits(found: Sequence[int | None], expected: Sequence[int | None]) -> bool:
    """The first step must be any number of faces; another one may be unknown until the model runs."""
    steps = zip(found[1:], expected[1:], strict=False)
    return len(found) == len(expected) and found[0] is None and all(a in (b, None) for a, b in steps)


def _words(shape: Sequence[int | None]) -> str:
    return f"({', '.join('any' if step is None else str(step) for step in shape)})"
