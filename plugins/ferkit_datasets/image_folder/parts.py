"""Folders of splits, with the class folders below them."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from itertools import combinations
from pathlib import Path

from ferkit.plugin import suggest

PARTS = ("train", "validation", "test")
NAMES = {"train", "training", "val", "valid", "validation", "test", "testing"}
"""Names of split folders in data sets, in lower case."""


def part_folders(root: Path, splits: Mapping[str, str] | None) -> dict[str, Path]:
    """Return split -> folder, in the order of PARTS; without splits, "" -> root."""
    if splits is None:
        return {"": root}
    return {part: root / splits[part] for part in PARTS if part in splits}


def part_problems(root: Path, splits: Mapping[str, str] | None) -> list[str]:
    """Find unknown splits, missing folders, and splits whose folders share images."""
    if splits is None:
        return []
    problems = [
        f"splits: no split is called {part!r}. {suggest(part, PARTS)}" for part in splits.keys() - PARTS
    ]
    folders = part_folders(root, splits)
    there = sorted(path.name for path in root.iterdir() if path.is_dir())
    problems += [
        f"splits: there is no folder {path} for {part}. {suggest(splits[part], there)}"
        for part, path in folders.items()
        if not path.is_dir()
    ]
    real = {part: Path(os.path.realpath(path)) for part, path in folders.items()}
    problems += [
        f"splits: the folders of {one} and {other} share images. Use separate folders."
        for one, other in combinations(real, 2)
        if real[one].is_relative_to(real[other]) or real[other].is_relative_to(real[one])
    ]
    if not splits:
        problems.append('splits is empty. Expected a table such as { train = "Train", test = "Test" }.')
    return sorted(problems)


def lacking_problems(labels: Mapping[str, Collection[str]]) -> list[str]:
    """Find classes that a split lacks and another split has, given split -> labels."""
    everything = sorted({label for several in labels.values() for label in several})
    return [
        f"splits: {part} has no folder of the class {', '.join(lacking)}, which other splits have. Add it, "
        'or skip the class: label_map = { ... = "" }'
        for part, several in labels.items()
        if (lacking := [label for label in everything if label not in several])
    ]


def are_parts(names: Collection[str]) -> bool:
    """Return True if all class folders have names of splits."""
    return bool(names) and {name.lower() for name in names} <= NAMES
