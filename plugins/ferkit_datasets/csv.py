"""Tables of paths and labels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ferkit.plugin import DataError, Sample, suggest
from ferkit_datasets.labels import find_label
from ferkit_datasets.rows import Problems, Row, check_columns, read_header, read_rows

PARTS = ("train", "validation", "test")


class TableDataset:
    """Images and labels from a table, in its order.

    Args:
        file: The table.
        root: Folder that the paths are relative to. Default: the folder of the table.
        path: Column of the image paths.
        label: Column of the labels.
        split: Column of the splits. Without it, the images have no split.
        groups: Kind of group -> its column, such as { person = "subject" }.
        label_map: Value in the label column -> label, for every value. "" skips the row.
        split_map: Value in the split column -> "train", "validation", "test" or "" (no split).
        separator: One character between cells. Without it, one of , ; tab | is found by the header.
        columns: Names of the columns, for a table without a header.
    """

    def __init__(
        self,
        file: Path,
        root: Path | None = None,
        path: str = "path",
        label: str = "label",
        split: str | None = None,
        groups: dict[str, str] | None = None,
        label_map: dict[str, str] | None = None,
        split_map: dict[str, str] | None = None,
        separator: str | None = None,
        columns: tuple[str, ...] | None = None,
    ) -> None:
        if separator is not None and len(separator) != 1:
            raise ValueError(f"separator: expected one character, got {separator!r}")
        if split_map and not split:
            raise ValueError("split_map: it needs the option split, the column of the splits")
        for part in (split_map or {}).values():
            if part and part not in PARTS:
                raise ValueError(f"split_map: no split is called {part!r}. {suggest(part, PARTS)}")
        self.file = file
        self.root = file.parent if root is None else root
        self.path, self.label, self.split = path, label, split
        self.groups = groups or {}
        self.label_map = label_map
        self.split_map = split_map or {part: part for part in (*PARTS, "")}
        self.separator = separator
        self.columns = columns

    def problems(self) -> list[str]:
        if not self.file.is_file():
            return [
                f"there is no file {self.file}. Expected a table with the columns {self.path!r} (option "
                f"path) and {self.label!r} (option label)."
            ]
        try:
            names = self.columns or read_header(self.file, self.separator, self._needed())
            check_columns(self.file, names, self._needed())
        except DataError as error:
            hint = (
                "Set the options path, label, split and groups to its columns, or set columns or separator."
            )
            return [f"{error}. {hint}"]
        return []

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        errors, samples, seen = Problems(), [], dict[Path, str]()
        for row in read_rows(self.file, self._needed(), self.columns, self.separator):
            try:
                if label := self._label(row):
                    samples.append(self._sample(row, label, seen))
            except ValueError as error:
                errors.add(row.place, error)
        errors.check()
        return samples

    def _needed(self) -> list[str]:
        return [self.path, self.label, *([self.split] if self.split else []), *self.groups.values()]

    def _label(self, row: Row) -> str:
        text = row.cells[self.label]
        if self.label_map is None:
            if not text:
                raise ValueError(f"the column {self.label!r} is empty")
            return text
        return find_label(text, self.label_map)

    def _sample(self, row: Row, label: str, seen: dict[Path, str]) -> Sample:
        """Return the sample of a row; `seen` has earlier images and their lines. Raises ValueError."""
        path = self._path(row.cells[self.path])
        if path in seen:
            raise ValueError(f"{path} is also in {seen[path]}. List each image once.")
        seen[path] = row.place
        groups = {kind: text for kind, name in self.groups.items() if (text := row.cells[name])}
        return Sample(path, label, groups, self._part(row.cells))

    def _path(self, text: str) -> Path:
        """Return a file below root; Windows' backslashes work everywhere. Raises ValueError."""
        for name in (text, text.replace("\\", "/")):
            # pathlib raises for names that are too long, and for ~user if there is no such user.
            if text and os.path.isfile(path := self.root / os.path.expanduser(name)):
                return path
        raise ValueError(f"there is no file {self.root / text}. The option root is the folder of the paths")

    def _part(self, cells: Mapping[str, str]) -> str:
        if self.split is None:
            return ""
        text = cells[self.split]
        if text not in self.split_map:
            known = ", ".join(repr(one) for one in self.split_map)
            raise ValueError(f"the split is {text!r}; expected one of {known}. Map others with split_map.")
        return self.split_map[text]
