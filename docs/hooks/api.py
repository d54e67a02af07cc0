"""The pages of the public modules, whose text mkdocstrings takes from the docstrings."""

from __future__ import annotations

import ferkit.interfaces
import ferkit.plugin
import ferkit.testing
from ferkit import errors

INTERFACES = ("Dataset", "Detector", "Backbone", "Head", "Output", "Loss", "Descriptor", "Estimator")
VALUES = ("Sample", "Detections", "Face", "Epoch")


def plugin_page() -> str:
    """Every name of `ferkit.plugin`, under a heading of its sort."""
    names = set(ferkit.plugin.__all__)
    raised = {name for name in names if name.endswith("Error")}
    interfaces = [*INTERFACES, "FeatureEstimator"]
    rest = sorted(names - raised - set(interfaces) - set(VALUES))
    parts = [
        "# ferkit.plugin",
        "All that a plugin may import from ferkit. What is not here may change from version to version.",
        *_section("Interfaces", interfaces, "ferkit.plugin"),
        *_section("What passes between the steps", VALUES, "ferkit.plugin"),
        *_section("Components, weights and what plugins call", rest, "ferkit.plugin"),
        "## Errors\n\nTheir place among the others: [Errors](errors.md).",
    ]
    return "\n\n".join(parts)


def testing_page() -> str:
    parts = ["# ferkit.testing", "What a plugin's tests may import."]
    parts += [_object("ferkit.testing", name, 2) for name in sorted(ferkit.testing.__all__)]
    return "\n\n".join(parts)


def errors_page() -> str:
    tree = (errors.__doc__ or "").split("\n\n")
    names = [
        name
        for name, one in vars(errors).items()
        if isinstance(one, type) and one.__module__ == "ferkit.errors"
    ]
    parts = ["# Errors", tree[0], f"```text\n{tree[1]}\n```", tree[2]]
    return "\n\n".join([*parts, *(_object("ferkit.errors", name, 2) for name in names)])


def _section(title: str, names: list[str] | tuple[str, ...], module: str) -> list[str]:
    return [f"## {title}", *(_object(module, name, 3) for name in names)]


def _object(module: str, name: str, level: int) -> str:
    return f"::: {module}.{name}\n    options:\n      heading_level: {level}\n"
