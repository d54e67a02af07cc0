"""Labels of class folders."""

from __future__ import annotations

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


def label_of(folder: str, label_map: Mapping[str, str] | None) -> str:
    """Return the label of a class folder, "" if it is skipped."""
    if label_map is not None:
        return label_map.get(folder, "")
    return SPELLINGS.get(folder.lower(), folder)


def map_problems(label_map: Mapping[str, str] | None, names: Collection[str], root: Path) -> list[str]:
    """Find class folders that label_map lacks, and misspelt canonical labels in it."""
    if label_map is None:
        return []
    problems = [
        f'label_map has no label for the folder {name!r}. Add one, or "" to skip the folder.'
        for name in sorted(set(names) - set(label_map))
    ]
    problems += [
        f"label_map has {name!r}, but {root} has no such folder. {suggest(name, names)}"
        for name in sorted(set(label_map) - set(names))
    ]
    spelt = sorted({label for label in label_map.values() if label.lower() in SPELLINGS})
    wrong = [label for label in spelt if label not in CANONICAL_LABELS]
    return problems + [f"label_map: write {SPELLINGS[one.lower()]!r} instead of {one!r}" for one in wrong]
