"""Checks of components of every kind: documentation, options, what worker processes need."""

from __future__ import annotations

import pickle
import re
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
PICKLED = ("dataset", "detector", "backbone", "head", "output", "loss", "descriptor")
LONGEST_SUMMARY = 100


@check(*ALL_KINDS)
def can_be_loaded(subject: ComponentUnderTest) -> None:
    """Its target imported, and its options read from it."""
    mend = "Correct the target in Component(...), or mend what its module or its annotations name."
    expect(not subject.load_problem, "a target that can be imported", subject.load_problem, mend)


@check(*ALL_KINDS)
def has_a_summary(subject: ComponentUnderTest) -> None:
    """A summary of one line."""
    summary = subject.component.summary
    expect(
        bool(summary.strip()) and "\n" not in summary and len(summary) <= LONGEST_SUMMARY,
        f"a summary of one line, at most {LONGEST_SUMMARY} characters",
        repr(summary),
        "Say in a few words what it is: the fourth argument of Component.",
    )


@check(*OPTION_KINDS)
def is_documented(subject: ComponentUnderTest) -> None:
    """A docstring of its own."""
    target = subject.component.load()
    expect(
        bool((vars(target).get("__doc__") or "").strip()),
        "a docstring of its own, which `ferkit plugins show` prints",
        f"none in {subject.component.target}",
        "Say below the line `class ...:` what it does, what its options mean, and its source.",
    )


@check(*OPTION_KINDS)
def explains_its_options(subject: ComponentUnderTest) -> None:
    """Every option named in its docstring."""
    target = subject.component.load()
    own = vars(target).get("__init__")  # nn.Module's says words of its own
    text = f"{target.__doc__} {own.__doc__ if own else ''}"
    unsaid = [name for name in _options(subject) if not _is_said(name, text)]
    expect(
        not unsaid,
        "every option named in the docstring",
        f"nothing of {', '.join(unsaid)}",
        "Write `name: what it does, its unit and range` for each into the class's docstring.",
    )


def _is_said(name: str, text: str) -> bool:
    """`*_weight` says cycle_weight too."""
    return bool(re.search(rf"\b{name}\b", text)) or f"*_{name.rpartition('_')[2]}" in text


@check(*OPTION_KINDS)
def refuses_unknown_options(subject: ComponentUnderTest) -> None:
    """An option that it does not have, refused."""
    problems = check_options(subject.component, {"no_such_option": 1}, subject.registry, str(subject))
    expect(
        any("no_such_option" in problem.where for problem in problems),
        "the unknown option 'no_such_option' refused",
        "accepted in silence",
        "Name every option in the constructor, in place of **kwargs: a misspelt one is then told.",
    )


@check(*OPTION_KINDS)
def annotates_its_options(subject: ComponentUnderTest) -> None:
    """Every option annotated with a type that TOML can write."""
    for name, parameter in option_parameters(subject.component).items():
        if parameter.kind in VARIABLE:
            continue
        expect(
            parameter.annotation is not parameter.empty,
            f"an annotation of the option {name!r}",
            "none",
            f"Write its type, e.g. `{name}: float = 0.5`: ferkit checks recipes by it.",
        )
        expect(
            _is_writable(parameter.annotation),
            f"the option {name!r} of a type that TOML can write, or a ferkit interface",
            parameter.annotation,
            "Take bool, int, float, str, Path, Literal, list, tuple, dict, or e.g. ferkit.plugin.Loss.",
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
    """Every default of its annotation's type."""
    for name, parameter in option_parameters(subject.component).items():
        default = parameter.default
        is_nested = nested_kind(parameter.annotation) or nested_items(parameter.annotation)
        if default is parameter.empty or is_nested:
            continue
        problems = check_value(parameter.annotation, _as_toml(default), subject.registry, name)
        expect(
            not problems,
            f"a default of {name!r} that a recipe could also give",
            "; ".join(problem.message for problem in problems),
            f"Mend the annotation or the default of {name!r}.",
        )


def _as_toml(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_as_toml(one) for one in value]
    return str(value) if isinstance(value, Path) else value


@check(*OPTION_KINDS)
def is_built_from_its_options(subject: ComponentUnderTest) -> None:
    """Built from the options that it was given, and its defaults."""
    is_path = {name: _is_path(subject, name) for name in subject.missing}
    if subject.component.kind == "dataset" and is_path and all(is_path.values()):
        skip(f"needs {', '.join(is_path)}, which only who has the data can give")
    expect(
        not is_path,
        "options for all that has no default",
        f"none for {', '.join(is_path)}",
        f"Give {subject.say_how_to_give(next(iter(is_path), ''))}",
    )
    mend = "Give options that its constructor takes, or mend the constructor."
    expect(not subject.problem, "an object", subject.problem, mend)


def _is_path(subject: ComponentUnderTest, name: str) -> bool:
    return option_parameters(subject.component)[name].annotation is Path


@check(*PICKLED)
def can_be_pickled(subject: ComponentUnderTest) -> None:
    """What worker processes are sent."""
    try:
        again = pickle.loads(pickle.dumps(subject.built))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        expect(
            False,
            "an object that can be pickled: worker processes are sent it so",
            error,
            "Keep no lambda, open file or function of a function in it; or write __reduce__.",
        )
    else:
        expect(type(again) is type(subject.built), "the same class", type(again), "Mend __reduce__.")


def _options(subject: ComponentUnderTest) -> list[str]:
    parameters = option_parameters(subject.component).values()
    return [parameter.name for parameter in parameters if parameter.kind not in VARIABLE]
