"""Dry run of the parts of a training: optimizer, schedule and callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ferkit.components.registry import Registry
from ferkit.errors import ComponentError, Problem
from ferkit.evaluation.protocol_options import HoldoutProtocol, NestedProtocol
from ferkit.interfaces import Callback, TrainingSetup
from ferkit.recipe.dry_run_calls import try_call
from ferkit.recipe.parse import touches
from ferkit.recipe.schema import Recipe

if TYPE_CHECKING:
    from ferkit.neural.network import Network

UPDATES = 100
"""Number of updates in an epoch, which the data determines, for the test of a scheduler."""


def try_training(
    recipe: Recipe, registry: Registry, network: Network, names: Sequence[str], faulty: Sequence[str]
) -> list[Problem]:
    """Build optimizer, schedule and callbacks for a network, which the callbacks may change.

    Args:
        recipe: The recipe.
        registry: The installed components.
        network: A network on the meta device.
        names: The labels.
        faulty: Keys that have problems already.
    """
    from ferkit.neural.callbacks import Callbacks, build_callbacks
    from ferkit.neural.optim import build_optimizer, build_scheduler

    if touches("callback", faulty):
        callbacks, problems = None, list[Problem]()
    else:
        several, _ = try_call("callback", lambda: build_callbacks(recipe.callback, registry, names))
        callbacks = Callbacks(several or [])
        _, problems = try_call("callback", lambda: callbacks.prepare(network))
    if problems or touches("fit", faulty):
        return problems
    optimizer, problems = try_call("fit.optimizer", lambda: build_optimizer(network, recipe.fit, registry))
    if not optimizer:
        return problems
    make = partial(build_scheduler, optimizer, recipe.fit, registry, UPDATES)
    problems += try_call("fit.schedule", make)[1]
    if callbacks:
        setup = TrainingSetup(network, optimizer, recipe.fit.epochs, UPDATES)
        problems += try_call("callback", lambda: callbacks.begin(setup))[1]
    return problems


def try_callbacks(
    recipe: Recipe, registry: Registry, names: Sequence[str], faulty: Sequence[str]
) -> list[Problem]:
    """Build each callback. Return also those that need validation images, if the protocol has none."""
    problems = []
    for place, part in enumerate(recipe.callback):
        where = f"callback.{place}"
        if touches(where, faulty):
            continue
        built, found = try_call(where, partial(_build, recipe, registry, names, place))
        problems += found
        if built and built.needs_validation and (problem := _lack_of_validation(recipe, where, part.name)):
            problems.append(problem)
    return problems


def changes_batches(recipe: Recipe, registry: Registry) -> bool:
    """Return True if a callback changes batches, and so may make targets soft."""
    kinds = []
    for part in recipe.callback:
        try:
            kinds.append(registry.get("callback", part.name).load())
        except ComponentError:
            continue
    own = Callback.change_batch
    return any(getattr(kind, "change_batch", own) is not own for kind in kinds)


def _build(recipe: Recipe, registry: Registry, names: Sequence[str], place: int) -> Callback:
    from ferkit.neural.callbacks import build_callbacks

    return build_callbacks([recipe.callback[place]], registry, names)[0]


def _lack_of_validation(recipe: Recipe, where: str, name: str) -> Problem | None:
    protocol = recipe.protocol
    is_off = isinstance(protocol, HoldoutProtocol) and protocol.validation == "none"
    if not is_off and isinstance(protocol, NestedProtocol | HoldoutProtocol):
        return None
    setting = 'protocol "holdout" with validation = "none"' if is_off else f'protocol "{protocol.name}"'
    hint = "Remove protocol.validation." if is_off else 'Use protocol.name = "nested" or "holdout".'
    return Problem(
        where,
        f"{name} needs validation images, and {setting} has none. Test images would change the training.",
        f"{hint} Or remove the callback.",
    )
