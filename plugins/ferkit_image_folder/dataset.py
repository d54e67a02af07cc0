"""Class folders of photographs."""

from __future__ import annotations

import re
from pathlib import Path

from ferkit.plugin import CANONICAL_LABELS, DataError, Sample, suggest

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}
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


class ImageFolder:
    """Photographs in one folder for each class, at any depth below it.

    root: the folder of the class folders. label_map: class folder -> label, for every folder; "" leaves a
    folder out. Without it, a folder that is a known spelling of a canonical label ("Happy") gets that, and
    any other folder is a class of its own name. group_pattern: a regular expression for the start of a
    file's name whose named parts become its groups, e.g. "(?P<person>\\d+)_".
    """

    def __init__(
        self, root: Path, label_map: dict[str, str] | None = None, group_pattern: str | None = None
    ) -> None:
        self.root = root
        self.label_map = label_map
        try:
            self.pattern = re.compile(group_pattern) if group_pattern else None
        except re.error as error:
            raise ValueError(f"group_pattern: {group_pattern!r} is no regular expression: {error}") from error

    def faults(self) -> list[str]:
        """A missing root, folders without a label, empty classes, fewer than two classes."""
        if not self.root.is_dir():
            layout = f"{self.root}/happy/*.jpg, {self.root}/sad/*.jpg"
            return [
                f"there is no folder {self.root}. Expected a folder with one folder for each class: {layout}"
            ]
        found = self._unmapped()
        folders = self._folders()
        found += [
            f"class folder {path} has no photograph ({', '.join(sorted(SUFFIXES))}). Add some, or leave it "
            f'out: label_map = {{ "{path.name}" = "" }}'
            for path in folders
            if not _photographs(path)
        ]
        if len({self._label(path.name) for path in folders}) < 2 and not found:
            names = ", ".join(path.name for path in folders) or "none"
            found.append(f"{self.root} needs a folder for each of two classes or more; found: {names}")
        return found

    def samples(self) -> list[Sample]:
        if faults := self.faults():
            raise DataError("\n".join(faults))
        return [
            Sample(path, self._label(folder.name), self._groups(path))
            for folder in self._folders()
            for path in _photographs(folder)
        ]

    def _folders(self) -> list[Path]:
        """The class folders that are not left out."""
        inside = sorted(path for path in self.root.iterdir() if path.is_dir() and not _is_hidden(path.name))
        return [path for path in inside if self._label(path.name)]

    def _label(self, folder: str) -> str:
        if self.label_map is not None:
            return self.label_map.get(folder, "")
        return SPELLINGS.get(folder.lower(), folder)

    def _unmapped(self) -> list[str]:
        """Folders that the map forgets, and labels in it that are nearly canonical ones."""
        if self.label_map is None:
            return []
        names = [path.name for path in self.root.iterdir() if path.is_dir() and not _is_hidden(path.name)]
        forgotten = sorted(set(names) - set(self.label_map))
        absent = sorted(set(self.label_map) - set(names))
        faults = [
            f'label_map says nothing of the folder {name!r}; map it, or leave it out with ""'
            for name in forgotten
        ]
        faults += [
            f"label_map has {name!r}, but {self.root} has no such folder. {suggest(name, names)}"
            for name in absent
        ]
        spelt = sorted({label for label in self.label_map.values() if label.lower() in SPELLINGS})
        wrong = [label for label in spelt if label not in CANONICAL_LABELS]
        return faults + [
            f"label_map: {one!r} is written {SPELLINGS[one.lower()]!r} in ferkit" for one in wrong
        ]

    def _groups(self, path: Path) -> dict[str, str]:
        match = self.pattern.match(path.name) if self.pattern else None
        return {kind: name for kind, name in match.groupdict().items() if name} if match else {}


def _photographs(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(
        path for path in files if not any(_is_hidden(part) for part in path.relative_to(folder).parts)
    )


def _is_hidden(name: str) -> bool:
    return name.startswith(".")
