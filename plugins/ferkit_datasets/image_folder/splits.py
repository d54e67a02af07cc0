"""A folder for each split of a data set, with the class folders in it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from itertools import combinations
from pathlib import Path

from ferkit.plugin import is_hidden, suggest

SPLITS = ("train", "validation", "test")
NAMES = {
    "train": "train",
    "training": "train",
    "dev": "validation",
    "development": "validation",
    "eval": "validation",
    "evaluation": "validation",
    "publictest": "validation",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "privatetest": "test",
    "test": "test",
    "testing": "test",
}
"""Usual names of a split's folder: letters only, in lower case, without "set", "data" or "images"."""


def folders_in(root: Path) -> list[Path]:
    """Return the folders in a folder, by name, without the system's."""
    return sorted(path for path in root.iterdir() if path.is_dir() and not is_hidden(path.name))


def split_of(folder: str) -> str:
    """Return the split that a folder's name means, or ""."""
    letters = re.sub(r"[\W\d_]", "", folder.lower())
    return NAMES.get(letters) or NAMES.get(re.sub("(set|data|images)$", "", letters), "")


def find_splits(root: Path) -> dict[str, str] | None:
    """Return split -> folder where the folders of root are splits with usual names, else None.

    Of training and validation images alone, the latter are the test images: training keeps images back to
    select an epoch.
    """
    folders = folders_in(root)
    found = {split_of(path.name): path.name for path in folders}
    if len(found) < max(2, len(folders)) or "" in found or not all(folders_in(path) for path in folders):
        return None
    if "test" not in found:
        found["test"] = found.pop("validation")
    return found if "train" in found else None


def look_like_splits(root: Path) -> bool:
    """Return whether the folders of root have the names of splits, or all hold the same class folders."""
    folders = folders_in(root)
    if folders and all(split_of(path.name) for path in folders):
        return True
    inner = [{one.name for one in folders_in(path)} for path in folders]
    return len(folders) > 1 and len(inner[0]) > 1 and all(names == inner[0] for names in inner)


def advise_splits(root: Path) -> str:
    """Return the option `splits` to set for a root whose folders look like splits."""
    folders = [path.name for path in folders_in(root)]
    free = [split for split in SPLITS if split not in map(split_of, folders)]
    named = {split_of(name) or (free.pop(0) if free else ""): name for name in folders}
    pairs = ", ".join(f'{split} = "{named[split]}"' for split in SPLITS if split in named)
    return f"splits = {{ {pairs} }}"


def split_folders(root: Path, splits: Mapping[str, str] | None) -> dict[str, Path]:
    """Return split -> its folder, in the order of SPLITS; without splits, "" -> root."""
    if splits is None:
        return {"": root}
    return {split: root / splits[split] for split in SPLITS if split in splits}


def split_problems(root: Path, splits: Mapping[str, str] | None) -> list[str]:
    """Return unknown splits, missing folders, and folders of two splits that have the same images."""
    if splits is None:
        return []
    problems = [
        f"splits: unknown split {split!r}. {suggest(split, SPLITS)}" for split in splits.keys() - set(SPLITS)
    ]
    folders = split_folders(root, splits)
    there = [path.name for path in folders_in(root)]
    problems += [
        f"splits: there is no folder {path} for {split}. {suggest(splits[split], there)}"
        for split, path in folders.items()
        if not path.is_dir()
    ]
    real = {split: Path(os.path.realpath(path)) for split, path in folders.items()}
    problems += [
        f"splits: the folders of {one} and {other} hold the same images; give each its own"
        for one, other in combinations(real, 2)
        if real[one].is_relative_to(real[other]) or real[other].is_relative_to(real[one])
    ]
    if not splits:
        problems.append('splits names no split; expected e.g. { train = "Train", test = "Test" }')
    return sorted(problems)


def lacking_problems(labels: Mapping[str, Collection[str]]) -> list[str]:
    """Return the classes that a split lacks and another has. labels: split -> labels of its class folders."""
    everything = sorted({label for several in labels.values() for label in several})
    return [
        f"splits: {split} has no folder of the class {', '.join(lacking)}, which other splits have. Add it, "
        'or drop the class: label_map = { ... = "" }'
        for split, several in labels.items()
        if (lacking := [label for label in everything if label not in several])
    ]
