"""Checks of components of every kind: documentation, options, pickling."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import PydanticSchemaGenerationError, TypeAdapter

from ferkit.components.option_types import NESTED, nested_items, nested_kind
from ferkit.components.options import check_options, check_value, option_parameters
from ferkit.interfaces import WeightsName
from ferkit.testing.check import check, expect, skip
from ferkit.testing.component_under_test import VARIABLE, ComponentUnderTest

OPTION_KINDS = tuple(NESTED.values())
ALL_KINDS = (*OPTION_KINDS, "weights")
PICKLED = ("dataset", "detector", "backbone", "head", "output", "loss", "augmentation", "descriptor")
LONGEST_SUMMARY = 100


@check(*ALL_KINDS)
def can_be_loaded(subject: ComponentUnderTest) -> None:
    """Its target can be imported, and its options can be read."""
    fix = "Correct the target in Component(...), or the imports and annotations of its module."
    expect(not subject.load_problem, "a target that can be imported", subject.load_problem, fix)


@check(*ALL_KINDS)
def has_a_summary(subject: ComponentUnderTest) -> None:
    """It has a summary of one line."""
    summary = subject.component.summary
    expect(
        bool(summary.strip()) and "\n" not in summary and len(summary) <= LONGEST_SUMMARY,
        f"a summary of one line, at most {LONGEST_SUMMARY} characters",
        repr(summary),
        "Describe it in a few words in the fourth argument of Component.",
    )


@check(*OPTION_KINDS)
def is_documented(subject: ComponentUnderTest) -> None:
    """Its class has a docstring."""
    target = subject.component.load()
    expect(
        bool((target.__doc__ or "").strip()),
        "a docstring of the class, which `ferkit plugins show` prints",
        f"none in {subject.component.target}",
        "Describe in the docstring what it does, its options and its source, such as a paper.",
    )


@check(*OPTION_KINDS)
def explains_its_options(subject: ComponentUnderTest) -> None:
    """Its docstring explains every option."""
    target = subject.component.load()
    own = vars(target).get("__init__")  # not inherited from nn.Module, which has another docstring
    text = f"{target.__doc__} {own.__doc__ if own else ''}"
    unsaid = [name for name in _options(subject) if not _is_said(name, text)]
    expect(
        not unsaid,
        "every option in the docstring",
        f"no mention of {', '.join(unsaid)}",
        "Add `name: effect, unit, range` for each option under `Args:` in the class docstring.",
    )


def _is_said(name: str, text: str) -> bool:
    """Return True if the docstring has the name. `*_weight` includes cycle_weight."""
    return bool(re.search(rf"\b{name}\b", text)) or f"*_{name.rpartition('_')[2]}" in text


@check(*OPTION_KINDS)
def refuses_unknown_options(subject: ComponentUnderTest) -> None:
    """It rejects an unknown option."""
    problems = check_options(subject.component, {"no_such_option": 1}, subject.registry, str(subject))
    expect(
        any("no_such_option" in problem.where for problem in problems),
        "an error for the unknown option 'no_such_option'",
        "no error",
        "Replace **kwargs in the constructor by named options. ferkit then reports misspelt options.",
    )


@check(*OPTION_KINDS)
def annotates_its_options(subject: ComponentUnderTest) -> None:
    """Every option has a type that TOML can express."""
    for name, parameter in option_parameters(subject.component).items():
        if parameter.kind in VARIABLE:
            continue
        expect(
            parameter.annotation is not parameter.empty,
            f"a type annotation of the option {name!r}",
            "none",
            f"Add the type, such as `{name}: float = 0.5`. ferkit checks recipes with it.",
        )
        expect(
            _is_writable(parameter.annotation),
            f"the option {name!r} with a type that TOML can express, or an interface of ferkit",
            parameter.annotation,
            "Use bool, int, float, str, Path, Literal, list, tuple, dict, or an interface such as "
            "ferkit.plugin.Loss.",
        )


def _is_writable(annotation: Any) -> bool:
    if nested_kind(annotation) or nested_items(annotation) or annotation is WeightsName:
        return True
    try:
        TypeAdapter(annotation)
    except PydanticSchemaGenerationError:
        return False
    return True


@check(*OPTION_KINDS)
def has_defaults_that_fit(subject: ComponentUnderTest) -> None:
    """Every default has the type of its annotation."""
    for name, parameter in option_parameters(subject.component).items():
        default = parameter.default
        is_nested = nested_kind(parameter.annotation) or nested_items(parameter.annotation)
        if default is parameter.empty or is_nested:
            continue
        problems = check_value(parameter.annotation, _as_toml(default), subject.registry, name)
        expect(
            not problems,
            f"a default of {name!r} that a recipe could also set",
            "; ".join(problem.message for problem in problems),
            f"Correct the annotation or the default of {name!r}.",
        )


def _as_toml(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_toml(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_as_toml(one) for one in value]
    return str(value) if isinstance(value, Path) else value


@check(*OPTION_KINDS)
def is_built_from_its_options(subject: ComponentUnderTest) -> None:
    """It can be built from its options and defaults."""
    is_path = {name: _is_path(subject, name) for name in subject.missing}
    if subject.component.kind == "dataset" and is_path and all(is_path.values()):
        skip(f"needs {', '.join(is_path)}: the data are not here")
    expect(
        not is_path,
        "a value for every required option",
        f"none for {', '.join(is_path)}",
        f"Set {subject.say_how_to_give(next(iter(is_path), ''))}",
    )
    fix = "Set options that its constructor accepts, or correct the constructor."
    expect(not subject.problem, "a component that can be built", subject.problem, fix)


def _is_path(subject: ComponentUnderTest, name: str) -> bool:
    return option_parameters(subject.component)[name].annotation is Path


@check(*PICKLED)
def can_be_pickled(subject: ComponentUnderTest) -> None:
    """It can be pickled and sent to worker processes."""
    try:
        again = pickle.loads(pickle.dumps(subject.built))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        expect(
            False,
            "an object that can be pickled and sent to worker processes",
            error,
            "Do not store a lambda, an open file or a local function in it, or define __reduce__.",
        )
    else:
        expect(type(again) is type(subject.built), "the same class", type(again), "Correct __reduce__.")


def _options(subject: ComponentUnderTest) -> list[str]:
    parameters = option_parameters(subject.component).values()
    return [parameter.name for parameter in parameters if parameter.kind not in VARIABLE]
