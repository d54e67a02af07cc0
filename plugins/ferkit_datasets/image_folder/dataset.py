"""Class folders of images."""

from __future__ import annotations

import json
import logging
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from ferkit.plugin import DataError, Sample, is_image, walk_folder
from ferkit_datasets.image_folder.labels import (
    SPELLINGS,
    label_of,
    map_problems,
    merged_classes,
    normalise,
    normalise_map,
)
from ferkit_datasets.image_folder.splits import (
    advise_splits,
    find_splits,
    folders_in,
    lacking_problems,
    look_like_splits,
    split_folders,
    split_problems,
)

__all__ = ["SPELLINGS", "ImageFolder"]

log = logging.getLogger("ferkit")


class ImageFolder:
    r"""Images in one folder for each class, at any depth below it. Linked folders are followed.

    Without a label map, a folder with a known spelling of a canonical label ("Happy") gets that label, and
    any other folder is a class of its own name. Without splits, folders with the usual names of splits
    ("train", "PublicTest", "val_set") are splits if they hold class folders.

    Args:
        root: The folder of the class folders, or of a folder for each split.
        label_map: Class folder -> label, for every folder; "" drops a folder. A map of "" alone drops its
            folders and keeps the others as they are.
        group_pattern: A regular expression for the start of a file's name. Its named parts become the
            image's groups, e.g. "(?P<person>\\d+)_".
        splits: train, validation and test -> folder below root, e.g. { train = "Train", test = "Test" }.
    """

    def __init__(
        self,
        root: Path,
        label_map: dict[str, str] | None = None,
        group_pattern: str | None = None,
        splits: dict[str, str] | None = None,
    ) -> None:
        self.root = root
        self.label_map = normalise_map(label_map)
        self.splits = splits
        self.left_out: dict[str, int] = {}
        try:
            self.pattern = re.compile(group_pattern) if group_pattern else None
        except re.error as error:
            raise ValueError(
                f"group_pattern: {group_pattern!r} is not a regular expression: {error}"
            ) from error

    def problems(self) -> list[str]:
        """Return missing folders, folders without a label, empty classes, and classes that a split lacks."""
        if not self.root.is_dir():
            layout = f"{self.root}/happy/*.jpg, {self.root}/sad/*.jpg"
            return [f"there is no folder {self.root}. Expected one folder for each class: {layout}"]
        if found := split_problems(self.root, self.splits):
            return found
        if not self._are_classes_named() and not self._splits() and look_like_splits(self.root):
            there = ", ".join(path.name for path in folders_in(self.root))
            return [
                f"{self.root} holds {there}, which look like splits, not classes. If they are splits, set "
                f"{advise_splits(self.root)}. If they are classes, name them in label_map"
            ]
        splits = split_folders(self.root, self._splits())
        names = {path.name for folder in splits.values() for path in folders_in(folder)}
        found = map_problems(self.label_map, names, self.root)
        classes = {split: self._classes(folder) for split, folder in splits.items()}
        found += _empty_problems([folder for folders in classes.values() for folder in folders])
        labels = {split: {self._label(one) for one in folders} for split, folders in classes.items()}
        found += lacking_problems(labels)
        if len(set().union(*labels.values())) < 2 and not found:
            there = ", ".join(sorted(path.name for several in classes.values() for path in several)) or "none"
            found.append(f"{self.root} needs folders of at least two classes, got: {there}")
        return found

    def samples(self) -> list[Sample]:
        """Return the images by split, class folder and name. Raises DataError for what `problems` returns."""
        if problems := self.problems():
            raise DataError("\n".join(problems))
        samples, others = [], list(_files(self.root, below=False))
        for split, root in split_folders(self.root, self._splits()).items():
            found = {folder: _files(folder) for folder in self._classes(root)}
            for line in merged_classes({path: len(files) for path, files in found.items()}, self.label_map):
                log.warning("%s", line)
            others += _files(root, below=False) if split else ()
            for folder, files in found.items():
                label = self._label(folder)
                samples += [
                    Sample(path, label, self._groups(path), split) for path in files if is_image(path)
                ]
                others += [path for path in files if not is_image(path)]
        self.left_out = _count_reasons(others)
        return samples

    def _splits(self) -> dict[str, str] | None:
        """Return the option, or what the folders' names say."""
        if self.splits is not None or self._are_classes_named():
            return self.splits
        return find_splits(self.root)

    def _are_classes_named(self) -> bool:
        """Return whether the label map names the folders of root, so that these are classes."""
        return any(normalise(path.name) in (self.label_map or {}) for path in folders_in(self.root))

    def _label(self, folder: Path) -> str:
        return label_of(folder.name, self.label_map)

    def _classes(self, root: Path) -> list[Path]:
        """Return the class folders that are not dropped."""
        return [path for path in folders_in(root) if self._label(path)]

    def _groups(self, path: Path) -> dict[str, str]:
        match = self.pattern.match(path.name) if self.pattern else None
        return {kind: name for kind, name in match.groupdict().items() if name} if match else {}


def _empty_problems(folders: Sequence[Path]) -> list[str]:
    """Return class folders without an image, and those in which a folder can't be listed."""
    problems = []
    for path in folders:
        try:
            if not any(map(is_image, _files(path))):
                dropped = f'{{ {json.dumps(path.name, ensure_ascii=False)} = "" }}'
                option = shlex.quote(f"data.label_map={dropped}")
                problems.append(
                    f"class folder {path} has no image. Add some, or drop it: label_map = {dropped} in a "
                    f"recipe, or --set {option}"
                )
        except DataError as error:
            problems.append(str(error))
    return problems


def _files(folder: Path, below: bool = True) -> list[Path]:
    """Return the files in a folder and all below it, by name. Raises DataError if one can't be listed."""
    walk = walk_folder(folder)
    places = walk if below else [next(walk)]
    return sorted(place / name for place, names in places for name in names)


def _count_reasons(others: Iterable[Path]) -> dict[str, int]:
    """Count the files that give no sample, by reason."""
    return dict(
        Counter(
            "outside the class folders" if is_image(path) else f"not an image ({path.suffix or 'no suffix'})"
            for path in others
        )
    )
