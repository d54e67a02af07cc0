"""Dry run: build the network of a recipe and call it once, without memory or downloads."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TypeVar

from ferkit.components.build import build
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.components.tracebacks import is_interrupt
from ferkit.errors import Problem
from ferkit.interfaces import CANONICAL_LABELS
from ferkit.recipe.dry_run_calls import is_metas_own, plainly, try_images, try_loss
from ferkit.recipe.parts import uses_network
from ferkit.recipe.schema import Recipe

Built = TypeVar("Built")


def try_network(
    recipe: Recipe, registry: Registry, labels: Sequence[str] | None = None, has_soft_targets: bool = False
) -> list[Problem]:
    """Return the problems of options, and of combinations of parts and image size.

    Everything is built on torch's meta device without weights, which needs no memory, download or
    computation. Components that cannot be built there are not checked.

    Args:
        recipe: The recipe.
        registry: The installed components.
        labels: The labels of the data, if known.
        has_soft_targets: Call the loss with soft targets too.
    """
    if recipe.estimator and (problems := _try_estimator(recipe.estimator, registry, labels)):
        return problems
    if not uses_network(recipe, registry):
        return []
    import torch

    from ferkit.neural.build import build_loss, build_model
    from ferkit.neural.init_from import start_problems
    from ferkit.neural.network import Network
    from ferkit.neural.optim import check_optimizer

    known, initial = labels or _labels(recipe), recipe.model.initial
    bare = leave_out_weights(recipe, registry)
    count, side = min(recipe.fit.batch_size, 2), recipe.model.image_size
    with torch.device("meta"), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loss, problems = _try("loss", lambda: build_loss(recipe.loss, registry, known, [1] * len(known)))
        if loss:
            problems += try_loss(loss.train(), recipe.loss, registry, (count, len(known)), has_soft_targets)
        network, more = _try("model", lambda: build_model(bare.model, registry, known))
        problems += more
        if isinstance(network, Network):
            if initial:
                parts, taken = _bare_parts(recipe, bare), recipe.model.initial_part
                problems += start_problems(network, initial, labels, parts, taken)
            problems += _try("fit.optimizer", lambda: check_optimizer(network, recipe.fit.optimizer))[1]
            problems += try_images(network.train(), bare, registry, torch.zeros(count, 3, side, side))
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


def _try_estimator(part: Part, registry: Registry, labels: Sequence[str] | None) -> list[Problem]:
    """Return the errors of the constructor, called without data and network."""
    context = {"labels": labels or CANONICAL_LABELS, "seed": 0}
    nothing = dict.fromkeys(("crop", "state_file", "network"))
    return _try("estimator", lambda: build(registry, "estimator", part, **context, **nothing))[1]


def _try(where: str, make: Callable[[], Built]) -> tuple[Built | None, list[Problem]]:
    try:
        return make(), []
    except BaseException as error:
        if is_interrupt(error):
            raise
        return None, [] if is_metas_own(error) else [Problem(where, plainly(error))]


def leave_out_weights(recipe: Recipe, registry: Registry) -> Recipe:
    """Return the recipe without any pretrained weights."""
    from ferkit.neural.build import without_pretrained

    return recipe.model_copy(update={"model": without_pretrained(recipe.model, registry)})
