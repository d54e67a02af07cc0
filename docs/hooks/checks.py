"""The reference of the conformance checks, from the suite."""

from __future__ import annotations

from docs.hooks.tables import code, plain, table
from ferkit.testing.check import CHECKS_BY_KIND
from ferkit.testing.suite import load_checks

SHARED = {"component": "dataset", "module": "head", "convolution": "head"}
"""Checks of several kinds -> a kind that has all of them."""
TITLES = {
    "component": "Every kind except weights",
    "module": "Modules: backbone, head, output, loss",
    "convolution": "Convolutions: backbone, head, estimator",
}
NOTES = {
    "component": "`can_be_pickled` does not apply to estimators.",
    "module": "`takes_an_empty_batch` and `sees_each_image_alone` do not apply to losses.",
    "convolution": "They apply to components that have convolutions.",
}

INTRODUCTION = """\
# Checks

`ferkit plugins check NAME` runs these checks on the components of a plugin.
[One of each kind](../plugin-kinds.md) explains what ferkit expects of each kind.
"""


def checks_reference() -> str:
    """The checks of every group, each in a table."""
    parts = [INTRODUCTION]
    for room in rooms():
        title = TITLES.get(room, room)
        parts += [f"## {title}", *([NOTES[room]] if room in NOTES else []), checks_table(room)]
    return "\n\n".join(part.strip("\n") for part in parts)


def rooms() -> list[str]:
    """The modules of checks: what several kinds share first, then each kind."""
    load_checks()
    found = {one.__module__.split(".")[-1] for checks in CHECKS_BY_KIND.values() for one in checks}
    kinds = [kind for kind in ("plugin", *CHECKS_BY_KIND) if kind in found]
    return [*TITLES, *dict.fromkeys(kinds)]


def checks_table(room: str) -> str:
    """The checks of ferkit/testing/checks/<room>.py. Raises KeyError for an unknown kind."""
    load_checks()
    held = [
        one
        for one in CHECKS_BY_KIND[SHARED.get(room, room)]
        if one.__module__ == f"ferkit.testing.checks.{room}"
    ]
    rows = [(code(one.__name__), plain((one.__doc__ or "").split("\n")[0])) for one in held]
    return table(("check", "what is expected"), rows)
