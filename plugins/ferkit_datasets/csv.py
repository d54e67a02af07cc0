"""Any table of paths and labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ferkit.plugin import DataError, Sample, suggest
from ferkit_datasets.labels import find_label
from ferkit_datasets.rows import Faults, Row, check_columns, read_header, read_rows

PARTS = ("train", "validation", "test")


class TableDataset:
    """Images that a table names, in its order.

    file: the table. root: the folder that the paths are below, the table's own if left out. path, label,
    split: its columns; without split, the images are of no part. groups: kind of group -> column, e.g.
    { person = "subject" }. label_map: what the label's column says -> label, for all that it says; "" leaves
    a row out. split_map: likewise what the split's column says -> train, validation, test or "". separator:
    between cells, one character. columns: their names, for a table that does not begin with them.
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
            raise ValueError("split_map: it needs the option split, the name of a column")
        for part in (split_map or {}).values():
            if part and part not in PARTS:
                raise ValueError(f"split_map: no part is called {part!r}. {suggest(part, PARTS)}")
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
                f"there is no file {self.file}. Expected a table of images: paths in a column "
                f"{self.path!r} (option path), labels in a column {self.label!r} (option label)"
            ]
        try:
            names = self.columns or read_header(self.file, self.separator, self._needed())
            check_columns(self.file, names, self._needed())
        except DataError as error:
            hint = "Name them by the options path, label, split, groups, columns; see separator too"
            return [f"{error}. {hint}"]
        return []

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        told, samples, seen = Faults(), [], dict[Path, str]()
        for row in read_rows(self.file, self._needed(), self.columns, self.separator):
            try:
                if label := self._label(row):
                    samples.append(self._sample(row, label, seen))
            except ValueError as error:
                told.add(row.place, error)
        told.check()
        return samples

    def _needed(self) -> list[str]:
        return [self.path, self.label, *([self.split] if self.split else []), *self.groups.values()]

    def _label(self, row: Row) -> str:
        text = row.cells[self.label]
        if self.label_map is None:
            if not text:
                raise ValueError(f"there is no label in the column {self.label!r}")
            return text
        return find_label(text, self.label_map)

    def _sample(self, row: Row, label: str, seen: dict[Path, str]) -> Sample:
        """Raises ValueError. seen: images of the rows before, with these rows."""
        path = self._path(row.cells[self.path])
        if path in seen:
            raise ValueError(f"{path} stands in {seen[path]} too; each image counts once")
        seen[path] = row.place
        groups = {kind: text for kind, name in self.groups.items() if (text := row.cells[name])}
        return Sample(path, label, groups, self._part(row.cells))

    def _path(self, text: str) -> Path:
        """Return a file below root; Windows' backslashes work everywhere. Raises ValueError."""
        for name in (text, text.replace("\\", "/")):
            if text and (path := self.root / Path(name).expanduser()).is_file():
                return path
        raise ValueError(f"there is no file {self.root / text}. The option root is the folder of the paths")

    def _part(self, cells: Mapping[str, str]) -> str:
        if self.split is None:
            return ""
        text = cells[self.split]
        if text not in self.split_map:
            known = ", ".join(repr(one) for one in self.split_map)
            raise ValueError(f"the split is {text!r}; expected one of {known}. Others are told by split_map")
        return self.split_map[text]
