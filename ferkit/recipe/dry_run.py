"""A recipe's network, built and run once on nothing: the problems that only its constructors can find."""

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
    """Faults in the values of the estimator's and the network's options, and in how its parts and the image
    size go together.

    labels: the data's, where they are known; has_soft_targets: whether the loss is given such too. Everything
    is built on torch's meta device, without weights: it takes no memory, fetches nothing and computes
    nothing. What can't be built there is not judged.
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
    """Those from which weights were left out."""
    parts = ("backbone", "head", "output")
    return [part for part in parts if getattr(bare.model, part) != getattr(recipe.model, part)]


def _labels(recipe: Recipe) -> list[str]:
    """What is known of them before the data are read."""
    from ferkit.neural.init_from import stored_labels

    initial = recipe.model.initial if recipe.model.initial_part is None else None
    if initial and (stored := stored_labels(initial)):
        return list(stored)
    # A neutral class of another name is looked for among the data's own labels, later.
    named = [value for value in recipe.model.output.options.values() if isinstance(value, str)]
    return list(dict.fromkeys([*CANONICAL_LABELS, *named]))


def _try_estimator(part: Part, registry: Registry, labels: Sequence[str] | None) -> list[Problem]:
    """What its constructor refuses, given nothing to compute with."""
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
    """The recipe with a network that starts from random numbers, whatever names its weights."""
    from ferkit.neural.build import without_pretrained

    return recipe.model_copy(update={"model": without_pretrained(recipe.model, registry)})
