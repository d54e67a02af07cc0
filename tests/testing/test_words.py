"""What docstrings and pages call a check is one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ferkit.testing
from ferkit.components.component import KINDS
from ferkit.testing.check import CHECKS_BY_KIND
from ferkit.testing.suite import load_checks

ROOT = Path(__file__).parents[2]
FILES = [
    *sorted((ROOT / "ferkit" / "testing").glob("*.py")),
    *sorted((ROOT / "docs" / "site").glob("plugin*.md")),
    ROOT / "docs" / "site" / "reference" / "checks.md",
]
NAME = re.compile(rf"[\"`](?:(?:{'|'.join(KINDS)})\.\w+\.)?([a-z]+(?:_[a-z]+){{2,}})[\"`]")
"""Three words or more, as every check has them, in quotes: "takes_a_batch_of_one"."""
OTHER = {*ferkit.testing.__all__, "state_dict", "inception_resnet_v", "steps_per_epoch"}


def texts(path: Path) -> Iterator[str]:
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield re.sub(r"^```.*?^```", "", content, flags=re.M | re.S)
        return
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def named(path: Path) -> set[str]:
    return {name for text in texts(path) for name in NAME.findall(text)} - OTHER


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_fact_that_is_named_is_there(path: Path) -> None:
    load_checks()
    assert named(path) <= {one.__name__ for checks in CHECKS_BY_KIND.values() for one in checks}


def test_checks_are_found_where_they_are_named() -> None:
    assert named(ROOT / "ferkit" / "testing" / "check.py") == {"answers_are_finite"}
    assert "can_be_pickled" in named(ROOT / "docs" / "site" / "reference" / "checks.md")
