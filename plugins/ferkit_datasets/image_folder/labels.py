"""Names of class folders -> labels."""

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
"""How data sets spell the canonical labels, in lower case."""


def label_of(folder: str, label_map: Mapping[str, str] | None) -> str:
    """A class folder's label; "" where it is left out."""
    if label_map is not None:
        return label_map.get(folder, "")
    return SPELLINGS.get(folder.lower(), folder)


def map_problems(label_map: Mapping[str, str] | None, names: Collection[str], root: Path) -> list[str]:
    """Folders that the map forgets, and labels in it that are nearly canonical ones.

    names: of all class folders below root.
    """
    if label_map is None:
        return []
    problems = [
        f'label_map says nothing of the folder {name!r}; map it, or leave it out with ""'
        for name in sorted(set(names) - set(label_map))
    ]
    problems += [
        f"label_map has {name!r}, but {root} has no such folder. {suggest(name, names)}"
        for name in sorted(set(label_map) - set(names))
    ]
    spelt = sorted({label for label in label_map.values() if label.lower() in SPELLINGS})
    wrong = [label for label in spelt if label not in CANONICAL_LABELS]
    return problems + [f"label_map: {one!r} is written {SPELLINGS[one.lower()]!r} in ferkit" for one in wrong]
