"""Problems of the augmentations of a recipe, found without data."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ferkit.components.component import Component
from ferkit.components.options import check_options, option_parameters
from ferkit.components.part import Part
from ferkit.components.registry import Registry, UnknownComponent
from ferkit.components.tracebacks import describe, is_interrupt, say
from ferkit.errors import ComponentError, FerkitError, Problem
from ferkit.messages import find_closest
from ferkit.neural.augment import Step, find_wrong, is_batched
from ferkit.neural.augment_names import DEFAULT, resolve_step

BATCH = 4
"""Images in the test of a step on batches."""


def check_augmentations(tables: Sequence[Any], side: int, registry: Registry) -> list[Problem]:
    """Return the problems of an `[[augment]]` list, including a test on blank images.

    Unknown components and options that do not fit their types are reported with all other components.

    Args:
        tables: The tables of the recipe. Malformed ones are skipped: the schema reports them.
        side: Width and height of the network's input, in pixels.
        registry: The installed components.
    """
    problems: list[Problem] = []
    first_batched = ""
    for index, table in enumerate(tables):
        if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
            continue
        where, written = f"augment.{index}", Part(**table)
        part = resolve_step(written, registry)
        if part.name not in registry.names("augmentation"):
            continue
        component = registry.get("augmentation", part.name)
        try:
            target = component.load()
        except ComponentError:
            continue
        if is_batched(target):
            first_batched = first_batched or where
        elif first_batched:
            problems.append(_misplaced(where, first_batched))
        if not check_options(component, part.options, registry, where):
            problems += _check_step(written, part, component, side, registry, where)
    return problems


def _misplaced(where: str, batched: str) -> Problem:
    message = f"it transforms single images, but comes after {batched}, which transforms batches"
    return Problem(f"{where}.name", message, f"Move it before {batched}.")


def _check_step(
    written: Part, part: Part, component: Component, side: int, registry: Registry, where: str
) -> list[Problem]:
    found = _ask_provider(component, part, side)
    if written.name != part.name and "transform" in found:
        return [_unknown_name(written.name, found["transform"], registry, f"{where}.name")]
    if not found and (failure := _try_step(part, component, side, registry)):
        found = {"": failure}
    return [Problem(f"{where}.{option}" if option else where, text) for option, text in found.items()]


def _unknown_name(name: str, message: str, registry: Registry, where: str) -> Problem:
    """Return the problem of a name that is neither a component nor a transform of the default provider."""
    known = registry.names("augmentation")
    if close := find_closest(name, known):
        return Problem(where, f"no augmentation is called {name!r}. Did you mean {close!r}?")
    if "Did you mean" in message:
        return Problem(where, message)
    others = ", ".join(one for one in known if one != DEFAULT)
    message = f"{message} Other augmentations: {others}.{registry.say_broken()}"
    return UnknownComponent.of(where, message, "augmentation", name, known)


def _ask_provider(component: Component, part: Part, side: int) -> Mapping[str, str]:
    """Return the problems that the component itself finds in its options."""
    ask = getattr(component.load(), "problems", None)
    if ask is None:
        return {}
    try:
        found = ask(side, **part.options)
    except BaseException as error:
        return {"": _explain(error, component)}
    if isinstance(found, Mapping) and all(isinstance(one, str) for pair in found.items() for one in pair):
        return found
    got = type(found).__name__
    return {"": f"{component} broke the contract: problems must return options and texts, got {got}"}


def _try_step(part: Part, component: Component, side: int, registry: Registry) -> str:
    """Apply a step to blank images, with p = 1 if it has this option. Return its failure, or ""."""
    has_p = "p" in part.options or "p" in option_parameters(component)
    name = part.options.get("transform", part.name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            step = Step(part, side, registry)
            if has_p:
                step = Step(Part(**{**part.model_dump(), "p": 1.0}), side, registry)
            blank: Any = np.zeros((side, side, 3), np.uint8)
            if step.is_batched:
                blank = torch.zeros(BATCH, 3, side, side)
            wrong = find_wrong(step.call(blank, 0), blank)
    except FerkitError as error:
        return str(error)
    except BaseException as error:
        return f"{name} failed with these options: {_explain(error, component)}"
    return f"expected {wrong[0]} from {name}, got {wrong[1]}" if wrong else ""


def _explain(error: BaseException, component: Component) -> str:
    if is_interrupt(error):
        raise error
    return say(error) if isinstance(error, ValueError) else describe(error, component.target)
