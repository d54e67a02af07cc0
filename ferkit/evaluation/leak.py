"""Leak of a score: the difference between random folds and folds that keep groups together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferkit.data.split_file import read_split
from ferkit.errors import DataError, RunError
from ferkit.evaluation.compare import compare, read_outcomes
from ferkit.evaluation.protocol_options import UNGROUPED
from ferkit.evaluation.run_files import read_images

GROUPED = {"paper": "grouped", "nested": "nested"}
"""Protocol with random folds to the one that keeps groups together."""
MEANING = (
    "A leak is the accuracy with random folds minus that with grouped folds, on the same images. In "
    "brackets: its 95% interval."
)
ProtocolRun = tuple[Path, Mapping[str, Any]]
"""A run folder, and the protocol in its summary.json."""


@dataclass(frozen=True, slots=True)
class Leak:
    """The leak between two runs that differ in their folds. Accuracies are in percent.

    Attributes:
        random: Folder of the run with random folds.
        grouped: Folder of the run with grouped folds.
        groups: Number of groups that its folds keep together.
        first: Accuracy with random folds, on the common images.
        second: Accuracy with grouped folds, on the common images.
        low: Lower end of the 95% interval of the leak, in points.
        high: Upper end of the 95% interval of the leak, in points.
    """

    random: Path
    grouped: Path
    groups: int
    first: float
    second: float
    low: float
    high: float

    @property
    def points(self) -> float:
        """The leak in points."""
        return self.first - self.second


def find_leaks(runs: Sequence[ProtocolRun]) -> list[Leak]:
    """Compare each run with random folds to those with grouped folds of the same size.

    Args:
        runs: Runs of one system, which differ in the protocol only.

    Returns:
        The leaks, by run with random folds. Those to the coarsest groups (fewest) are first. Runs without a
        common image or label are not compared.
    """
    found = []
    for random, protocol in runs:
        if is_random(protocol):
            pairs = [_compare(random, one, other) for one, other in runs if _is_grouped_like(protocol, other)]
            found += sorted((pair for pair in pairs if pair), key=lambda one: one.groups)
    return found


def is_random(protocol: Mapping[str, Any]) -> bool:
    """Return True if the folds of a protocol ignore groups."""
    return protocol["name"] == "paper" or (protocol["name"] == "nested" and protocol.get("by") == UNGROUPED)


def kind_of_groups(run: Path, protocol: Mapping[str, Any]) -> str | None:
    """Return the kind of group that the folds of a run keep together; None if they ignore groups."""
    if is_random(protocol) or protocol["name"] == "holdout":
        return None
    if split := protocol.get("split"):
        try:
            return read_split(split).by
        except DataError:
            return str(split)  # the file is on another machine
    if protocol.get("by"):
        return str(protocol["by"])
    counts = _group_counts(run)
    return min(counts, key=lambda kind: (counts[kind], kind)) if counts else None


def _is_grouped_like(random: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return True for grouped folds of the same size and epoch selection."""
    is_same = GROUPED[random["name"]] == other["name"] and random.get("folds") == other.get("folds")
    return is_same and not is_random(other)


def _compare(random: Path, grouped: Path, protocol: Mapping[str, Any]) -> Leak | None:
    """Return the leak; None if the runs have no common image or label."""
    try:
        found = compare(read_outcomes(random), read_outcomes(grouped))
        counts = _group_counts(grouped)
    except RunError:
        return None
    difference = found.difference["accuracy"]
    groups = counts.get(kind_of_groups(grouped, protocol) or "", found.images)
    first, second = (100 * one["accuracy"] for one in (found.first, found.second))
    return Leak(random, grouped, groups, first, second, 100 * difference.low, 100 * difference.high)


def _group_counts(run: Path) -> dict[str, int]:
    """Return the number of groups of each kind that all images of a run with a hash have."""
    images = [one for one in read_images(run) if one.sha256]
    shared = set.intersection(*(set(one.groups) for one in images)) if images else set()
    return {kind: len({one.groups[kind] for one in images}) for kind in shared}
