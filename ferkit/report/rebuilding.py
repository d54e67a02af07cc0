"""A network as a run left it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferkit.errors import FerkitError, RunError
from ferkit.estimators import build_network
from ferkit.neural.checkpoint import load_network
from ferkit.neural.network import Network
from ferkit.recipe import Recipe
from ferkit.registry import Registry
from ferkit.trial import leave_out_weights


def rebuild_network(
    run_dir: Path, recipe: Recipe, registry: Registry, labels: Sequence[str], fold: str
) -> Network:
    """fold: the name of its folder in cells/. In eval mode, on the CPU.

    All that pretrained weights would give is in the file, so the network is built without them; only where
    its shape depends on them is it built with them, and these fetched if they are not here. Raises RunError
    where the file is missing, broken or of another network, and what building with weights raises.
    """
    file = run_dir / "cells" / fold / "model.safetensors"
    if not file.exists():
        raise RunError(f"{file} is missing")
    tensors = load_network(file, labels)
    try:
        network = build_network(leave_out_weights(recipe, registry), registry, labels)
        network.load_state_dict(tensors)
    except (RuntimeError, FerkitError):
        model = recipe.model.model_copy(update={"initial": None})
        network = build_network(recipe.model_copy(update={"model": model}), registry, labels)
        try:
            network.load_state_dict(tensors)
        except RuntimeError as error:
            first = str(error).splitlines()[:2]
            raise RunError(f"{file} is of another network than the recipe's: {' '.join(first)}") from error
    return network.eval()
