"""Labels of class folders."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from ferkit.plugin import CANONICAL_LABELS, suggest

SPELLINGS = {
    "anger": "anger",
    "angry": "anger",
    "contempt": "contempt",
    "contemptuous": "contempt",
    "disgust": "disgust",
    "disgusted": "disgust",
    "fear": "fear",
    "fearful": "fear",
    "afraid": "fear",
    "happiness": "happiness",
    "happy": "happiness",
    "joy": "happiness",
    "neutral": "neutral",
    "sadness": "sadness",
    "sad": "sadness",
    "surprise": "surprise",
    "surprised": "surprise",
}
"""Spellings of the canonical labels in data sets, in lower case."""


def normalise(name: str) -> str:
    """Return a name in Unicode's form NFC: macOS stores names of files in another one."""
    return unicodedata.normalize("NFC", name)


def normalise_map(label_map: Mapping[str, str] | None) -> dict[str, str] | None:
    """Return a label map with its names in form NFC."""
    return None if label_map is None else {normalise(name): normalise(one) for name, one in label_map.items()}


def label_of(folder: str, label_map: Mapping[str, str] | None) -> str:
    """Return a class folder's label; "" if it is dropped."""
    name = normalise(folder)
    if label_map is not None and (name in label_map or any(label_map.values())):
        return label_map.get(name, "")
    return SPELLINGS.get(name.lower(), name)


def map_problems(label_map: Mapping[str, str] | None, names: Collection[str], root: Path) -> list[str]:
    """Return folders that the map forgets, and labels in it that are nearly canonical ones.

    Args:
        label_map: Class folder -> label, in form NFC.
        names: Of all class folders below root.
        root: The folder that the class folders are in.
    """
    if label_map is None:
        return []
    there = {normalise(name) for name in names}
    forgotten = sorted(there - set(label_map)) if any(label_map.values()) else []
    problems = [f'label_map has no label for the folder {name!r}. Add it; "" drops it' for name in forgotten]
    problems += [
        f"label_map has {name!r}, but {root} has no such folder. {suggest(name, sorted(there))}"
        for name in sorted(set(label_map) - there)
    ]
    spelt = sorted({label for label in label_map.values() if label.lower() in SPELLINGS})
    wrong = [label for label in spelt if label not in CANONICAL_LABELS]
    return problems + [f"label_map: write {SPELLINGS[one.lower()]!r} instead of {one!r}" for one in wrong]


def merged_classes(counts: Mapping[Path, int], label_map: Mapping[str, str] | None) -> list[str]:
    """Return a warning for each label that several folders have without a label map.

    Args:
        counts: Class folder -> number of its files.
        label_map: Names the merged folders on purpose.
    """
    folders = defaultdict(list)
    for path, count in counts.items():
        if normalise(path.name) not in (label_map or {}):
            folders[label_of(path.name, label_map)].append(f"{path.name} ({count})")
    return [
        f"the folders {' and '.join(several)} are one class, {label!r}. If they are two, set label_map"
        for label, several in folders.items()
        if len(several) > 1
    ]
