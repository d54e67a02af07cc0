"""BlazeFace networks in torch, built from the operations in the metadata of a safetensors file."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn import functional as F

from ferkit_detectors.blazeface.networks import GRAPHS, WEIGHTS, Network, Outputs


class TorchNetwork(Network):
    """A network of graphs/ in torch. It computes in float32, with the channels last in memory.

    Args:
        name: Name of the file.
        device: "cpu", "cuda", or "auto" for a GPU if there is one.
    """

    weights = WEIGHTS

    def __init__(self, name: str, device: str) -> None:
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        with safe_open(GRAPHS / f"{name}.safetensors", "pt") as stored:
            plan = json.loads(stored.metadata()["plan"])
            self.parameters = {key: self._load(stored.get_tensor(key)) for key in stored.keys()}  # noqa: SIM118
        self.side = int(plan["side"])
        self.input: str = plan["input"]
        self.outputs: list[str] = plan["outputs"]
        self.operations: list[dict[str, Any]] = plan["operations"]
        self.last_use = {name: number for number, one in enumerate(self.operations) for name in one["in"]}

    def _load(self, weights: Tensor) -> Tensor:
        layout = torch.channels_last if weights.ndim == 4 else torch.contiguous_format
        return weights.to(self.device, torch.float32).contiguous(memory_format=layout)

    @torch.inference_mode()
    def __call__(self, images: NDArray[np.float32]) -> Outputs:
        maps = {self.input: torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2)}
        for number, operation in enumerate(self.operations):
            maps[operation["out"]] = self._apply(operation, [maps[name] for name in operation["in"]])
            for name in operation["in"]:
                if self.last_use[name] == number:
                    maps.pop(name, None)
        logits, values = (maps[name].cpu().numpy() for name in self.outputs)
        return logits, values

    def threads(self) -> int:
        return torch.get_num_threads() if self.device.type == "cpu" else 0

    def work_alone(self) -> None:
        """Set the threads of this thread to 1; torch reads the number once, when it is first asked for."""
        torch.get_num_threads()
        threadpool_limits(1, user_api="openmp")

    def _apply(self, operation: dict[str, Any], sources: list[Tensor]) -> Tensor:
        first = sources[0]
        match operation["op"]:
            case "conv":
                made = self._convolve(operation, first)
            case "add":
                made = first + sources[1]
            case "relu":
                made = first.relu()
            case "widen":
                made = F.pad(first, (0, 0, 0, 0, 0, operation["channels"]))
            case "pool":
                made = F.max_pool2d(first, 2)
            case "resize":
                made = F.interpolate(first, scale_factor=operation["factor"], mode="bilinear")
            case "depth_to_space":
                made = _depth_to_space(first, operation["block"])
            case "flatten":
                made = first.permute(0, 2, 3, 1).reshape(len(first), -1, operation["values"])
            case "concat":
                made = torch.cat(sources, dim=1)
            case other:
                raise ValueError(f"unknown operation {other!r}")
        return made.relu_() if operation.get("relu") else made

    def _convolve(self, operation: dict[str, Any], maps: Tensor) -> Tensor:
        kernel, bias = (self.parameters[f"{operation['out']}.{part}"] for part in ("kernel", "bias"))
        top, left, bottom, right = operation["pads"]
        if (top, left) != (bottom, right):
            maps, top, left = F.pad(maps, (left, right, top, bottom)), 0, 0
        return F.conv2d(maps, kernel, bias, operation["stride"], (top, left), groups=operation["groups"])


def _depth_to_space(maps: Tensor, block: int) -> Tensor:
    """Move blocks of channels to pixels. TFLite orders channels by (row, column, channel)."""
    count, channels, height, width = maps.shape
    parts = maps.reshape(count, block, block, channels // block**2, height, width)
    return parts.permute(0, 3, 4, 1, 5, 2).reshape(count, -1, height * block, width * block)
