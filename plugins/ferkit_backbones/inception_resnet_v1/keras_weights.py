"""Keras' facenet weights as a state dict of facenet-pytorch's InceptionResnetV1.

The file is read as arrays. Its `model_config` is ignored, and no code of it can run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferkit.plugin import WeightsError

REPEATS = {"Block35": "repeat_1", "Block17": "repeat_2", "Block8": "repeat_3"}
ARRAYS = {
    "beta:0": "bias",
    "moving_mean:0": "running_mean",
    "moving_variance:0": "running_var",
    "bias:0": "bias",
    "kernel:0": "weight",
}


def read_keras_weights(path: Path) -> dict[str, Tensor]:
    """Read all tensors of the backbone and the bottleneck. Raises WeightsError for a file with others.

    Keras' batch norm has no gamma here, so its weight is 1. Kernels are converted from HWIO to OIHW.
    """
    tensors: dict[str, Tensor] = {}
    try:
        with h5py.File(path) as file:
            _check_links(file, path)
            group = file.get("model_weights", file)
            layers = {name: dict(_arrays(group[name])) for name in group if len(group[name])}
    except (OSError, KeyError, ValueError, RuntimeError, RecursionError) as error:
        raise WeightsError(f"Cannot read Keras weights from {path}: {error}") from error
    branches = _number_branches(layers)
    for layer, arrays in layers.items():
        module = _module_name(layer, branches)
        for array_name, array in arrays.items():
            tensors[f"{module}.{ARRAYS[array_name]}"] = _as_tensor(array)
        if "beta:0" in arrays:
            tensors[f"{module}.weight"] = torch.ones(len(arrays["beta:0"]))
            tensors[f"{module}.num_batches_tracked"] = torch.tensor(0)
    return tensors


def _check_links(group: h5py.Group, path: Path) -> None:
    """Raises WeightsError if anything in the file leads to another file."""
    for name in group:
        link = group.get(name, getlink=True)
        item = group[name] if isinstance(link, h5py.HardLink) else None
        if item is None or (isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)):
            raise WeightsError(f"Cannot read {path}: {name[:80]!r} is a link. Fetch the weights again.")
        if isinstance(item, h5py.Group):
            _check_links(item, path)


def _arrays(group: h5py.Group) -> Iterator[tuple[str, NDArray[np.float32]]]:
    found: list[tuple[str, NDArray[np.float32]]] = []

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            found.append((name.rpartition("/")[2], np.asarray(item, dtype=np.float32)))

    group.visititems(visit)
    yield from found


def _as_tensor(array: NDArray[np.float32]) -> Tensor:
    order = {4: (3, 2, 0, 1), 2: (1, 0)}.get(array.ndim)
    return torch.from_numpy(np.ascontiguousarray(array.transpose(order) if order else array))


def _number_branches(layers: Iterable[str]) -> dict[str, list[str]]:
    """Return the convolutions of each branch in order: "Block35_1_Branch_1" -> ["Conv2d_0a_1x1", ...]."""
    branches: dict[str, list[str]] = {}
    for layer in sorted(layers):
        if (match := re.fullmatch(r"(\w+_Branch_\d)_(Conv2d_\w+?)", layer)) and "BatchNorm" not in layer:
            branches.setdefault(match[1], []).append(match[2])
    return branches


def _module_name(layer: str, branches: dict[str, list[str]]) -> str:
    """Convert "Block35_1_Branch_1_Conv2d_0a_1x1_BatchNorm" to "repeat_1.0.branch1.0.bn"."""
    if layer.startswith("Bottleneck"):
        return "last_bn" if layer.endswith("BatchNorm") else "last_linear"
    base = layer.removesuffix("_BatchNorm")
    part = "bn" if base != layer else "conv"
    block, _, rest = base.partition("_Branch_")
    module = _block_name(block)
    if rest:
        branch = f"{block}_Branch_{rest[0]}"
        convolutions = branches[branch]
        position = f".{convolutions.index(rest[2:])}" if len(convolutions) > 1 else ""
        return f"{module}.branch{rest[0]}{position}.{part}"
    return module if module.endswith(".conv2d") else f"{module}.{part}"


def _block_name(block: str) -> str:
    """Convert "Block17_3" to "repeat_2.2", "Conv2d_1a_3x3" to "conv2d_1a". "Block8_6" is the last block."""
    if match := re.fullmatch(r"(Block\d+)_(\d+)(_Conv2d_1x1)?", block):
        kind, number = match[1], int(match[2])
        name = "block8" if (kind, number) == ("Block8", 6) else f"{REPEATS[kind]}.{number - 1}"
        return f"{name}.conv2d" if match[3] else name
    if match := re.fullmatch(r"(Conv2d_\d[ab])_\dx\d", block):
        return match[1].lower()
    return block.lower()
