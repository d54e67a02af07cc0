"""Differences between a run and its shipped recipe."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ferkit.components.discovery import load_plugins
from ferkit.errors import FerkitError, RecipeError
from ferkit.evaluation.protocol_words import CHOICE
from ferkit.evaluation.run_files import read_resolved
from ferkit.evaluation.side_by_side import neighbours
from ferkit.messages import quote
from ferkit.recipe.extends import read_table
from ferkit.recipe.parse import resolve
from ferkit.recipe.schema import Recipe
from ferkit.report.table.values import ABSENT, shorten, show, toml

SYSTEM = ("detector", "faces", "estimator", "model", "loss", "augment", "fit", "grid", "search")
"""Sections that define a row's system. Data and protocol have their own columns."""
BESIDE = ("fit.device", "fit.workers")
"""Keys that change where a run computes, not its result."""
FURTHER = re.compile(r"estimator\.(\w+)\.(root|join)")
"""Folder, or list, of a further dataset of the estimator: where it is on a machine, as `data.root`."""
SET_BY_WORDS = tuple(f"protocol.{key}" for key in ("name", "by", "split", *CHOICE))
"""Keys that the words of `--protocols` set."""


def flatten(value: Any, way: str = "") -> Iterator[tuple[str, Any]]:
    """Yield a dotted key and a value, such as ("model.head.name", "linear"), for each nested value."""
    if isinstance(value, Mapping) and way not in ("grid", "search.space"):
        for key, inner in value.items():
            yield from flatten(inner, f"{way}.{key}" if way else key)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for index, inner in enumerate(value):
            yield from flatten(inner, f"{way}.{index}")
    else:
        yield way, value


def resolved_shipped(name: str) -> dict[str, Any] | None:
    """Return a shipped recipe, resolved; None if there is none or it is invalid."""
    try:
        return _resolve(read_table(name))
    except (RecipeError, ValidationError):
        return None


def _resolve(table: Mapping[str, Any]) -> dict[str, Any]:
    recipe = Recipe.model_validate_json(json.dumps(table, default=str))
    return resolve(
        recipe, load_plugins()
    )  # the run may come from elsewhere: nothing that it names is imported


def resolved_run(run_dir: Path) -> dict[str, Any]:
    """Return the run's recipe. Options that are newer than the run have their defaults.

    Sections of the run's recipe stay, also if its estimator is not installed here.
    """
    table = read_resolved(run_dir)
    try:
        return table | _resolve(table)
    except (FerkitError, ValidationError):
        return table


def differences(run_dir: Path, name: str, sections: Sequence[str] = SYSTEM) -> dict[str, Any]:
    """Return key -> the run's value for each difference; ABSENT if the run has no value.

    The result is empty if the recipe is not shipped.
    """
    shipped = resolved_shipped(name)
    if shipped is None:
        return {}
    ran = resolved_run(run_dir)
    before, now = (
        dict(flatten({key: table[key] for key in sections if key in table})) for table in (shipped, ran)
    )
    every = [*now, *(key for key in before if key not in now)]
    keys = [key for key in every if key not in BESIDE and not FURTHER.fullmatch(key)]
    return {key: now.get(key, ABSENT) for key in keys if now.get(key, ABSENT) != before.get(key, ABSENT)}


def command(run_dir: Path, name: str) -> str:
    """Return the command that repeats a run: with its own recipe, if the recipe is not shipped.

    Runs of several protocols in one folder have one command.
    """
    if resolved_shipped(name) is None:
        return f"ferkit run {quote(run_dir / 'recipe.toml')}"
    words = [run.name for run in neighbours(run_dir)]
    changed = differences(run_dir, name, (*SYSTEM, "protocol"))
    if words:
        changed = {key: value for key, value in changed.items() if key not in SET_BY_WORDS}
    there = {
        key: quote(value if isinstance(value, str) else toml(value))
        for key, value in changed.items()
        if value != ABSENT
    }
    sets = "".join(f" --set {key}={value}" for key, value in there.items())
    if words and words != (resolved_shipped(name) or {}).get("protocols"):
        sets += f" --protocols {','.join(words)}"
    gone = [key for key, value in changed.items() if value == ABSENT]
    return f"ferkit run {quote(name)}{sets}" + (f"  # without {', '.join(gone)}" if gone else "")


def describe(changed: Mapping[str, Any]) -> str:
    """Format differences in one line: "weights = msceleb1m, image_size = 160"."""
    return ", ".join(f"{shorten(key)} = {show(value)}" for key, value in changed.items())
