"""The reference of the public modules, from their source."""

from __future__ import annotations

from functools import cache
from typing import Any

import griffe

import ferkit.api
import ferkit.metrics
import ferkit.plugin
import ferkit.predict
import ferkit.testing
from docs.hooks.borrowed import ROOT
from docs.hooks.docstrings import read_docstring
from ferkit import errors

INTERFACES = (
    "Dataset",
    "Detector",
    "Backbone",
    "Head",
    "Output",
    "Loss",
    "Descriptor",
    "Estimator",
    "FeatureEstimator",
    "ModelFeatures",
)
VALUES = ("Sample", "Detections", "Face", "Epoch")
WIDTH = 84
"""Columns of a signature."""


def plugin_page() -> str:
    """Every name of `ferkit.plugin`, under a heading of its sort."""
    names = set(ferkit.plugin.__all__)
    raised = {name for name in names if name.endswith("Error")}
    rest = sorted(names - raised - set(INTERFACES) - set(VALUES))
    return "\n\n".join(
        [
            "# ferkit.plugin",
            "Everything that a plugin may import from ferkit. Other names may change in any version.",
            *_section("Interfaces", INTERFACES, "ferkit.plugin"),
            *_section("Values", VALUES, "ferkit.plugin"),
            *_section("Components, weights and functions", rest, "ferkit.plugin"),
            "## Exceptions\n\n[Errors](errors.md) describes "
            + ", ".join(f"`{name}`" for name in sorted(raised))
            + ".",
        ]
    )


def testing_page() -> str:
    """Every name of `ferkit.testing`."""
    parts = ["# ferkit.testing", "The names that a plugin's tests may import."]
    names = sorted(ferkit.testing.__all__)
    return "\n\n".join([*parts, *(_object("ferkit.testing", name, 2) for name in names)])


def predict_page() -> str:
    """Every name of `ferkit.predict`."""
    parts = [
        "# ferkit.predict",
        "Prediction from Python. `ferkit.Predictor` is `ferkit.predict.Predictor`.",
        "[Python](../python.md) has examples.",
    ]
    return "\n\n".join([*parts, *(_object("ferkit.predict", name, 2) for name in ferkit.predict.__all__)])


def ferkit_page() -> str:
    """Every function and class of `import ferkit` that no other page has."""
    parts = ["# ferkit", "The functions of `import ferkit`. [Python](../python.md) has examples."]
    return "\n\n".join([*parts, *(_object("ferkit.api", name, 2) for name in ferkit.api.__all__)])


def metrics_page() -> str:
    """Every name of `ferkit.metrics`."""
    parts = ["# ferkit.metrics", read_docstring(ferkit.metrics.__doc__ or "").prose]
    names = sorted(ferkit.metrics.__all__, key=lambda name: (name[0].isupper(), name))
    return "\n\n".join([*parts, *(_object("ferkit.metrics", name, 2) for name in names)])


def errors_page() -> str:
    """The tree of exceptions, and each of them."""
    parts = ["# Errors"]
    for part in (errors.__doc__ or "").split("\n\n"):
        parts.append(f"```text\n{part}\n```" if "├" in part else read_docstring(part).prose)
    names = [
        name
        for name, one in vars(errors).items()
        if isinstance(one, type) and one.__module__ == "ferkit.errors"
    ]
    return "\n\n".join([*parts, *(_object("ferkit.errors", name, 2) for name in names)])


def _section(title: str, names: list[str] | tuple[str, ...], module: str) -> list[str]:
    return [f"## {title}", *(_object(module, name, 3) for name in names)]


def _object(module: str, name: str, level: int) -> str:
    """A heading, the signature, and the docstring of a public name and of its methods."""
    found = _modules()[f"{module}.{name}"]
    one = found.final_target if found.is_alias else found
    parts = [f"{'#' * level} `{name}`", f"```python\n{_signature(one)}\n```", *_described(one)]
    for method in _methods(one):
        shown = method.name if method.is_attribute else f"{method.name}()"
        parts += [f"**`{shown}`**", f"```python\n{_signature(method)}\n```", *_described(method)]
    return "\n\n".join(parts)


@cache
def _modules() -> griffe.ModulesCollection:
    """Parse ferkit once."""
    loader = griffe.GriffeLoader(search_paths=[str(ROOT)])
    loader.load("ferkit")
    loader.resolve_aliases()
    return loader.modules_collection


def _methods(one: Any) -> list[Any]:
    """The public methods of a class in the order of its source."""
    if not one.is_class:
        return []
    shown = [member for name, member in one.members.items() if name == "__call__" or name[0] != "_"]
    return [member for member in shown if member.is_function or "property" in member.labels]


def _signature(one: Any) -> str:
    """Source of a definition without its body."""
    if one.is_attribute and "property" not in one.labels:
        return f"{one.name} = {one.value}"
    if one.is_attribute:
        return f"{one.name}: {one.annotation}"
    start = "class" if one.is_class else "def"
    if one.is_class and not one.parameters:
        bases = f"({', '.join(map(str, one.bases))})" if one.bases else ""
        return f"class {one.name}{bases}" + "".join(f"\n    {line}" for line in _attributes(one))
    parameters = list(one.parameters)
    shown = [_parameter(each) for each in parameters if each.name not in ("self", "cls")]
    returns = None if one.is_class else one.returns
    end = f" -> {returns}" if returns is not None else ""
    line = f"{start} {one.name}({', '.join(_with_star(shown, parameters))}){end}"
    if len(line) <= WIDTH:
        return line
    inner = "".join(f"    {each},\n" for each in _with_star(shown, parameters))
    return f"{start} {one.name}(\n{inner}){end}"


def _attributes(one: Any) -> list[str]:
    members = one.members.values()
    return [f"{each.name}: {each.annotation}" for each in members if each.is_attribute and each.annotation]


def _parameter(one: Any) -> str:
    stars = {"variadic positional": "*", "variadic keyword": "**"}.get(one.kind.value, "")
    text = f"{stars}{one.name}" + (f": {one.annotation}" if one.annotation is not None else "")
    default = one.default if not stars else None
    return text if default is None else f"{text} = {default}"


def _with_star(shown: list[str], parameters: list[Any]) -> list[str]:
    """Put a bare * before the first parameter that can only be named."""
    kinds = [one.kind.value for one in parameters if one.name not in ("self", "cls")]
    if "keyword-only" not in kinds or "variadic positional" in kinds:
        return shown
    place = kinds.index("keyword-only")
    return [*shown[:place], "*", *shown[place:]]


def _described(one: Any) -> list[str]:
    names = [each.name for each in one.parameters] if one.is_class or one.is_function else []
    read = read_docstring(one.docstring.value if one.docstring else "", names)
    items = "\n".join(f"- `{name}`: {text}" for name, text in read.items.items())
    return [part for part in (read.prose, items) if part]
