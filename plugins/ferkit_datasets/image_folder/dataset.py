"""Class folders of images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ferkit.plugin import DataError, Sample, walk_folder
from ferkit_datasets.image_folder.labels import SPELLINGS, label_of, map_problems
from ferkit_datasets.image_folder.parts import are_parts, lacking_problems, part_folders, part_problems

__all__ = ["SPELLINGS", "SUFFIXES", "ImageFolder"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}


class ImageFolder:
    r"""Images in one folder for each class, at any depth below it. Linked folders are followed.

    Without `label_map`, a folder with a known spelling of a canonical label ("Happy") gets this label. Any
    other folder is a class with the folder's name.

    Args:
        root: Folder with the class folders.
        label_map: Class folder -> label, for every folder. "" skips a folder.
        group_pattern: Regular expression for the start of a file name. Its named groups become the groups
            of the image: "(?P<person>\d+)_".
        splits: "train", "validation" and "test" -> the folder below root with the class folders, such as
            { train = "Train", test = "Test" }.
    """

    def __init__(
        self,
        root: Path,
        label_map: dict[str, str] | None = None,
        group_pattern: str | None = None,
        splits: dict[str, str] | None = None,
    ) -> None:
        self.root = root
        self.label_map = label_map
        self.splits = splits
        try:
            self.pattern = re.compile(group_pattern) if group_pattern else None
        except re.error as error:
            raise ValueError(
                f"group_pattern: {group_pattern!r} is not a regular expression: {error}"
            ) from error

    def problems(self) -> list[str]:
        """Find missing folders, folders without a label, empty classes, and classes that a split lacks."""
        if not self.root.is_dir():
            layout = f"{self.root}/happy/*.jpg, {self.root}/sad/*.jpg"
            return [
                f"there is no folder {self.root}. Expected a folder with one folder for each class: {layout}"
            ]
        if found := part_problems(self.root, self.splits):
            return found
        parts = part_folders(self.root, self.splits)
        names = {path.name for part in parts.values() for path in _folders(part)}
        if self.splits is None and self.label_map is None and are_parts(names):
            return [
                f"{self.root} has the folders {', '.join(sorted(names))}, which look like splits, not "
                'classes. Set splits = { train = "Train", validation = "Val", test = "Test" }. If they are '
                "classes, set label_map."
            ]
        found = map_problems(self.label_map, names, self.root)
        classes = {part: self._classes(path) for part, path in parts.items()}
        found += _empty_problems([folder for folders in classes.values() for folder in folders])
        labels = {part: {self._label(one) for one in folders} for part, folders in classes.items()}
        found += lacking_problems(labels)
        if len(set().union(*labels.values())) < 2 and not found:
            there = ", ".join(sorted(path.name for several in classes.values() for path in several)) or "none"
            found.append(f"{self.root} needs folders of at least two classes, got: {there}")
        return found

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        return [
            Sample(path, self._label(folder), self._groups(path), part)
            for part, root in part_folders(self.root, self.splits).items()
            for folder in self._classes(root)
            for path in _images(folder)
        ]

    def _label(self, folder: Path) -> str:
        return label_of(folder.name, self.label_map)

    def _classes(self, root: Path) -> list[Path]:
        """Return the class folders that are not skipped."""
        return [path for path in _folders(root) if self._label(path)]

    def _groups(self, path: Path) -> dict[str, str]:
        match = self.pattern.match(path.name) if self.pattern else None
        return {kind: name for kind, name in match.groupdict().items() if name} if match else {}


def _empty_problems(folders: Sequence[Path]) -> list[str]:
    """Find class folders without an image or with a folder that cannot be listed."""
    problems = []
    for path in folders:
        try:
            if not _images(path):
                problems.append(
                    f"class folder {path} has no image ({', '.join(sorted(SUFFIXES))}). Add images, or "
                    f'skip it: label_map = {{ "{path.name}" = "" }}'
                )
        except DataError as error:
            problems.append(str(error))
    return problems


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir() and not _is_hidden(path.name))


def _images(folder: Path) -> list[Path]:
    """Return the images of a folder, sorted. Raises DataError if a folder cannot be listed."""
    walk = walk_folder(folder, is_wanted=lambda name: not _is_hidden(name))
    files = (place / name for place, names in walk for name in names if not _is_hidden(name))
    return sorted(path for path in files if path.suffix.lower() in SUFFIXES and path.is_file())


def _is_hidden(name: str) -> bool:
    return name.startswith(".")
