"""A network as a training left it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from torch import Tensor

from ferkit.components.registry import Registry
from ferkit.errors import FerkitError, RunError
from ferkit.messages import shorten
from ferkit.neural.allocation import LimitedTensors
from ferkit.neural.build import build_model, without_pretrained
from ferkit.neural.checkpoint import load_network
from ferkit.neural.network import Network
from ferkit.neural.options import Model

Build = Callable[[Model, Registry, Sequence[str]], Network]


def rebuild_network(
    file: Path,
    model: Model,
    registry: Registry,
    labels: Sequence[str],
    build: Build = build_model,
) -> Network:
    """file: a model.safetensors. In eval mode, on the CPU.

    All that pretrained weights would give is in the file, so the network is built without them; only where
    its shape depends on them is it built with them, and these fetched if they are not here. Raises RunError
    where the file is missing, broken, of another network or of other labels, and what building with weights
    raises.
    """
    if not file.exists():
        raise RunError(f"{file} is missing")
    tensors = load_network(file, labels)
    limit = LimitedTensors(sum(one.numel() for one in tensors.values()))
    try:
        with limit:
            return _rebuild(file, tensors, model, registry, labels, build).eval()
    except FerkitError as error:
        if not limit.is_exceeded:
            raise
        raise RunError(
            f"Cannot load {file}: it describes a network that is much larger than its tensors. Is it "
            "complete?"
        ) from error


def _rebuild(
    file: Path,
    tensors: Mapping[str, Tensor],
    model: Model,
    registry: Registry,
    labels: Sequence[str],
    build: Build,
) -> Network:
    try:
        network = build(without_pretrained(model, registry), registry, labels)
        network.load_state_dict(tensors)
    except (RuntimeError, FerkitError):
        network = build(model.model_copy(update={"initial": None}), registry, labels)
        try:
            network.load_state_dict(tensors)
        except RuntimeError as error:
            raise RunError(
                f"{file} is of another network than the recipe's: {shorten(error, 200)}"
            ) from error
    return network
