"""Dry run: build the network of a recipe and call it once, without memory or downloads."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ferkit.components.build import build
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.errors import Problem
from ferkit.evaluation.run_files import network_files
from ferkit.interfaces import CANONICAL_LABELS
from ferkit.neural.options import Model
from ferkit.recipe.dry_run_calls import try_call, try_images, try_loss
from ferkit.recipe.dry_run_training import changes_batches, try_callbacks, try_training
from ferkit.recipe.parse import touches
from ferkit.recipe.parts import uses_network
from ferkit.recipe.schema import Recipe
from ferkit.runtime.hub_reference import is_reference
from ferkit.runtime.shipped import bundled_model

if TYPE_CHECKING:
    from ferkit.neural.network import Network

Built = TypeVar("Built")


def try_network(
    recipe: Recipe,
    registry: Registry,
    labels: Sequence[str] | None = None,
    has_soft_targets: bool = False,
    known: Sequence[Problem] = (),
) -> list[Problem]:
    """Return the problems of options, and of combinations of parts and image size.

    Everything is built on torch's meta device without weights, which needs no memory, download or
    computation. Components that cannot be built there are not checked.

    Args:
        recipe: The recipe.
        registry: The installed components.
        labels: The labels of the data, if known.
        has_soft_targets: Call the loss with soft targets too.
        known: Problems of the recipe that are known already. The parts that have them are not tried.
    """
    faulty = [problem.where for problem in known]
    part = recipe.estimator if not touches("estimator", faulty) else None
    estimator, problems = _try_estimator(part, registry, labels) if part else (None, [])
    problems += _check_need(estimator, uses_network(recipe, registry))
    problems += _check_models(estimator)
    if problems:
        return problems
    if not uses_network(recipe, registry):
        return []
    import torch

    names = labels or _labels(recipe)
    with torch.device("meta"), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        problems += try_callbacks(recipe, registry, names, faulty)
        if not touches("loss", faulty):
            has_soft_targets |= changes_batches(recipe, registry)
            problems += _try_loss(recipe, registry, names, has_soft_targets)
        if not touches("model", faulty):
            problems += _try_model(recipe, registry, names, labels, faulty, estimator)
        else:
            problems += _try_parts(recipe.model, registry, names, faulty)
    return problems


def _try_loss(
    recipe: Recipe, registry: Registry, names: Sequence[str], has_soft_targets: bool
) -> list[Problem]:
    from ferkit.neural.build import build_loss

    loss, problems = try_call("loss", lambda: build_loss(recipe.loss, registry, names, [1] * len(names)))
    shape = (min(recipe.fit.batch_size, 2), len(names))
    if not loss:
        return problems
    return _check_head(loss, recipe, registry) or try_loss(
        loss.train(), recipe.loss, registry, shape, has_soft_targets
    )


def _check_head(loss: Any, recipe: Recipe, registry: Registry) -> list[Problem]:
    """Return a problem if the loss needs embeddings, and the head gives none."""
    from ferkit.neural.auxiliary import needs_embeddings

    head = registry.find_unknown("head", recipe.model.head.name, "model.head.name")
    if head or not needs_embeddings(loss):
        return []
    who = registry.get("head", recipe.model.head.name)
    if hasattr(who.load(), "embed"):
        return []
    needs = f"{registry.get('loss', recipe.loss.name)} needs embeddings, but the {who} has no method embed"
    return [Problem("loss", needs, "Choose another head, or other options of the loss.")]


def _try_model(
    recipe: Recipe,
    registry: Registry,
    names: Sequence[str],
    labels: Sequence[str] | None,
    faulty: Sequence[str],
    estimator: object = None,
) -> list[Problem]:
    """Build the network and call it once."""
    import torch

    from ferkit.neural.auxiliary import needs_embeddings
    from ferkit.neural.build import build_loss, build_model
    from ferkit.neural.init_from import start_problems
    from ferkit.neural.network import Network

    initial, bare = recipe.model.initial, leave_out_weights(recipe, registry)
    count, side = min(recipe.fit.batch_size, 2), recipe.model.image_size
    network, problems = try_call("model", lambda: build_model(bare.model, registry, names))
    if not isinstance(network, Network):
        return _try_parts(bare.model, registry, names) or problems
    if initial and initial.is_file():
        parts, taken = _bare_parts(recipe, bare), recipe.model.initial_part
        problems += start_problems(network, initial, labels, parts, taken)
    problems += _check_stages(estimator, network)
    if not touches("loss", faulty):
        loss, _ = try_call("loss", lambda: build_loss(recipe.loss, registry, names, [1] * len(names)))
        network.keeps_embeddings = needs_embeddings(loss)
    problems += try_images(network.train(), bare, registry, torch.zeros(count, 3, side, side))
    if network.keeps_embeddings and not problems:
        problems += try_call("loss", network.take_embeddings)[1]
    return problems + try_training(recipe, registry, network, names, faulty)


def _try_parts(
    model: Model, registry: Registry, names: Sequence[str], faulty: Sequence[str] = ()
) -> list[Problem]:
    """Build each part of a network that cannot be built as a whole."""
    from torch import nn

    from ferkit.neural.build import part_without_pretrained
    from ferkit.neural.network import assemble_network

    context = {"labels": names, "num_classes": len(names), "class_counts": [1] * len(names)}

    def make(kind: str, **more: Any) -> Any:
        part = part_without_pretrained(kind, getattr(model, kind), registry)
        return build(registry, kind, part, **context, **more)

    built, problems = {}, []
    for kind in ("backbone", "output"):
        if not touches(f"model.{kind}", faulty):
            built[kind], found = try_call(f"model.{kind}", partial(make, kind))
            problems += found
    is_chosen = not faulty or "backbone" in model.model_fields_set  # else its key may be misspelt
    if is_chosen and (backbone := built.get("backbone")) and not touches("model.head", faulty):
        head = registry.get("head", model.head.name).load()
        wire = partial(assemble_network, backbone, head, partial(make, "head"), nn.Identity())
        problems += try_call("model", wire)[1]
    return problems


def _bare_parts(recipe: Recipe, bare: Recipe) -> list[str]:
    """Return the parts without their pretrained weights."""
    parts = ("backbone", "head", "output")
    return [part for part in parts if getattr(bare.model, part) != getattr(recipe.model, part)]


def _labels(recipe: Recipe) -> list[str]:
    """Guess the labels before the data is read."""
    from ferkit.neural.init_from import stored_labels

    initial = recipe.model.initial if recipe.model.initial_part is None else None
    if initial and (stored := stored_labels(initial)):
        return list(stored)
    # An option can name a class, such as a neutral class with another name. The data is checked later.
    named = [value for value in recipe.model.output.options.values() if isinstance(value, str)]
    return list(dict.fromkeys([*CANONICAL_LABELS, *named]))


def _check_stages(estimator: object, network: Network) -> list[Problem]:
    """Return a problem if the estimator's attribute `stages` names a stage that the network does not have."""
    from ferkit.neural.stage_features import StagePool

    stages = getattr(estimator, "stages", ())
    return try_call("estimator.stages", lambda: StagePool(network, stages))[1]


def _try_estimator(
    part: Part, registry: Registry, labels: Sequence[str] | None
) -> tuple[object, list[Problem]]:
    """Return the estimator, and the errors of the constructor, called without data and network."""
    context = {"labels": labels or CANONICAL_LABELS, "seed": 0}
    nothing = dict.fromkeys(("crop", "state_file", "network", "open_model"))
    return try_call("estimator", lambda: build(registry, "estimator", part, **context, **nothing))


def _check_need(estimator: object, has_network: bool) -> list[Problem]:
    """Return a problem if the estimator's attribute `needs_network` contradicts the recipe."""
    needs = getattr(estimator, "needs_network", has_network)
    if needs and not has_network:
        hint = 'Add [model], for example with initial = "default", the bundled model.'
        return [Problem("model", "estimator: its options use a network, but the recipe has no [model]", hint)]
    if has_network and not needs:
        hint = "Remove [model], or set the option of the estimator that uses it."
        return [Problem("model", "the estimator does not use [model] with these options", hint)]
    return []


def _check_models(estimator: object) -> list[Problem]:
    """Return a problem for each name in the estimator's attribute `models` that is no trained model."""
    hint = "Train it first, or name a run folder, a .safetensors file or a bundled model."
    problems = {name: _model_problem(str(name)) for name in getattr(estimator, "models", ())}
    return [Problem("estimator.models", f"{name}: {one}", hint) for name, one in problems.items() if one]


def _model_problem(name: str) -> str:
    path = Path(name)
    if is_reference(name) or bundled_model(name):
        return ""
    if path.is_dir():
        return "" if network_files(path) else "the folder has no trained network"
    return "" if path.is_file() else "there is no such run folder or file"


def leave_out_weights(recipe: Recipe, registry: Registry) -> Recipe:
    """Return the recipe without any pretrained weights."""
    from ferkit.neural.build import without_pretrained

    return recipe.model_copy(update={"model": without_pretrained(recipe.model, registry)})
