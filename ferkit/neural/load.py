"""Load a trained network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from torch import Tensor

from ferkit.components.registry import Registry
from ferkit.errors import FerkitError, RunError
from ferkit.messages import shorten
from ferkit.neural.allocation import LimitedTensors
from ferkit.neural.build import build_model, without_pretrained
from ferkit.neural.checkpoint import load_network, load_tensors, read_header
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
    """Build a network and load its tensors from a model.safetensors.

    It is built without pretrained weights, because the file contains all tensors. If its shape depends on
    pretrained weights, it is built with them, and they are downloaded if necessary.

    Args:
        file: A model.safetensors.
        model: The section `[model]`.
        registry: The installed components.
        labels: The labels, in order.
        build: Function that builds the network.

    Returns:
        The network in eval mode, on the CPU.

    Raises:
        RunError: The file is missing or broken, or does not match the network or the labels.
        FerkitError: The network cannot be built.
    """
    if not file.exists():
        raise RunError(f"{file} is missing")
    tensors = load_network(file, labels)
    if model.normalize == "pretrained" and (stored := read_header(file).normalize):
        model = model.model_copy(update={"normalize": stored})
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
        load_tensors(network, tensors)
    except (RuntimeError, FerkitError):
        network = build(model.model_copy(update={"initial": None}), registry, labels)
        try:
            load_tensors(network, tensors)
        except RuntimeError as error:
            raise RunError(f"{file} does not match the recipe's network: {shorten(error, 200)}") from error
    return network.eval()
