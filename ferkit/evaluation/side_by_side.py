"""Runs of one recipe under several protocols: their folder, scores and leak."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferkit.errors import RunError
from ferkit.evaluation.leak import Leak, find_leaks, is_random, kind_of_groups
from ferkit.evaluation.run_files import AGAIN, SIDE_BY_SIDE, is_finished, read_summary
from ferkit.evaluation.summary import Summary
from ferkit.runtime.atomic_write import write_text


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The finished runs of a folder.

    Attributes:
        scores: Heading, such as "random" or "movies", to (accuracy in percent, ± over repeats in points or
            None). Test images selected the epoch of no score, unless the run has no other.
        leak: The leak from random folds to the coarsest groups, or None.
    """

    scores: Mapping[str, tuple[float, float | None]]
    leak: Leak | None

    def __str__(self) -> str:
        """Return "random 58.5  clips 50.8  movies 43.2  leak 15.3 points (9.9 to 20.0)"."""
        words = [f"{heading} {accuracy:.1f}" for heading, (accuracy, _) in self.scores.items()]
        if one := self.leak:
            words.append(f"leak {one.points:.1f} points ({one.low:.1f} to {one.high:.1f})")
        return "  ".join(words)


def write_names(folder: Path, names: Sequence[str]) -> None:
    """Add names of run folders to the list of a folder. Raises RunError if the list is broken."""
    every = list(dict.fromkeys([*_names(folder), *names]))
    write_text(folder / SIDE_BY_SIDE, json.dumps({"protocols": every}) + "\n")


def listed_runs(folder: Path) -> list[Path]:
    """Return the runs of a folder, finished or not. Raises RunError if the list is broken."""
    return [folder / name for name in _names(folder)]


def runs_side_by_side(folder: Path) -> list[Path]:
    """Return the finished runs of a folder, in order; none if it is no folder of several protocols.

    Raises:
        RunError: The list of the folder is broken.
    """
    return [run for run in listed_runs(folder) if is_finished(run)]


def read_side_by_side(folder: Path) -> SideBySide | None:
    """Read the scores of a folder. None if fewer than two runs are finished. Raises RunError."""
    runs = runs_side_by_side(folder)
    if len(runs) < 2:
        return None
    summaries = {run: read_summary(run) for run in runs}
    leaks = find_leaks([(run, one.protocol) for run, one in summaries.items()])
    scores = dict(zip(_headings(summaries), map(_score, summaries.values()), strict=True))
    return SideBySide(scores, leaks[0] if leaks else None)


def side_by_side_of(run: Path) -> SideBySide | None:
    """Read the scores of the runs next to a run; None if there are none, or if a file of them is broken."""
    try:
        return read_side_by_side(run.absolute().parent) if neighbours(run) else None
    except RunError:
        return None  # the report of this run must not depend on its neighbours


def neighbours(run: Path) -> list[Path]:
    """Return a run and the finished runs of other protocols in its folder; none without any list."""
    folder, name = run.absolute().parent, run.absolute().name
    return runs_side_by_side(folder) if name in _names(folder) else []


def _names(folder: Path) -> list[str]:
    file = folder / SIDE_BY_SIDE
    if not file.exists():
        return []
    try:
        names = json.loads(file.read_text(encoding="utf-8"))["protocols"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RunError(f"Cannot read {file}: {error}. {AGAIN}") from error
    if not isinstance(names, list) or not all(map(_is_name, names)):
        raise RunError(f"Cannot read {file}: protocols: expected a list of names of folders. {AGAIN}")
    return names


def _is_name(value: object) -> bool:
    """Return True for the name of a folder, without a path."""
    return isinstance(value, str) and Path(value).name == value


def _score(summary: Summary) -> tuple[float, float | None]:
    """Return accuracy and deviation of the first score, in percent. Scores of test images come last."""
    first = next(iter(summary.scores.values()))
    spread = first["deviation"]
    return 100 * float(first["accuracy"]), None if spread is None else 100 * float(spread)


def _headings(summaries: Mapping[Path, Summary]) -> list[str]:
    """Return "random", or the groups in plural. With several families, nested ones have it in the heading."""
    protocols = {run: one.protocol for run, one in summaries.items()}
    families = {one["name"] == "nested" for one in protocols.values()}
    found = [_heading(run, one, len(families) > 1) for run, one in protocols.items()]
    return [
        heading if found.count(heading) == 1 else run.name
        for heading, run in zip(found, protocols, strict=True)
    ]


def _heading(run: Path, protocol: Mapping[str, Any], has_families: bool) -> str:
    prefix = "nested " if has_families and protocol["name"] == "nested" else ""
    if protocol["name"] == "holdout":
        return "holdout"
    kind = None if is_random(protocol) else kind_of_groups(run, protocol)
    if kind is None:
        return f"{prefix}random"
    words = kind.replace("_", " ")
    return prefix + (words if words.endswith("s") else f"{words}s")
