"""The ONNX graph of a bundled model, which gives the first answer without torch."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from ferkit.runtime.gpu import has_gpu_for_torch
from ferkit.runtime.onnx import open_early
from ferkit.runtime.shipped import MODELS

DEFAULT = "default"


def find_graph(weights: Path, device: str) -> Path | None:
    """Return the graph of a bundled model if onnxruntime computes it; None if torch does.

    onnxruntime computes on the CPU: for "cpu", and for "auto" without a GPU that torch can use.

    Args:
        weights: The .safetensors file of a model.
        device: "auto", "cpu", "cuda" or "cuda:0".
    """
    graph = weights.with_suffix(".onnx")
    if (
        weights.resolve().parent != MODELS.resolve()
        or not graph.is_file()
        or importlib.util.find_spec("onnxruntime") is None
    ):
        return None
    return graph if device == "cpu" or (device == "auto" and not has_gpu_for_torch()) else None


def open_graph_early(device: str) -> None:
    """Start to open the graph of the default model. Do nothing if torch computes it: see `find_graph`."""
    if graph := find_graph(MODELS / f"{DEFAULT}.safetensors", device):
        open_early(graph, "cpu")
