"""What the conformance suite holds a kind of component to, from the suite itself."""

from __future__ import annotations

import re

from docs.hooks.tables import code, plain, table
from ferkit.testing.check import CHECKS_BY_KIND
from ferkit.testing.suite import load_checks

MARK = re.compile(r"^<!-- checks: (\w+) -->$", re.M)
SHARED = {"component": "dataset", "module": "head", "convolution": "head"}
"""Checks of several kinds, and a kind that has all of them."""


def put_checks(markdown: str) -> str:
    """The page with a table in the place of each mark."""
    return MARK.sub(lambda found: checks_table(found[1]), markdown)


def checks_table(room: str) -> str:
    """The checks of ferkit/testing/checks/<room>.py. Raises KeyError where there is no such kind."""
    load_checks()
    held = [
        one
        for one in CHECKS_BY_KIND[SHARED.get(room, room)]
        if one.__module__ == f"ferkit.testing.checks.{room}"
    ]
    rows = [(code(one.__name__), plain((one.__doc__ or "").split("\n")[0])) for one in held]
    return table(("check", "what is expected"), rows)
