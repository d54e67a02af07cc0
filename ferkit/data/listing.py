"""CSV lists of images: paths, labels, parts, groups and hashes."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from ferkit.errors import DataError
from ferkit.messages import count_some, decodable, printable
from ferkit.runtime.escape import from_csv_cell

COLUMNS = ("path", "label", "split", "groups", "sha256")
SPLITS = {
    "": "",
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""How lists spell the parts of a data set, in lower case."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An image of a list.

    name: its path below the data set's folder, with forward slashes; split: "train", "validation", "test"
    or ""; groups: by kind; sha256: of the file, in lower case, or "" where it is not known.
    """

    name: str
    label: str
    split: str
    groups: Mapping[str, str]
    sha256: str


def read_listing(path: Path) -> list[Entry]:
    """The images that a list names, in its order; split, groups and sha256 may be left out.

    Raises DataError with a line for each problem: of the columns, of rows, and names that stand in it twice.
    """
    rows = _read_rows(path)
    problems: list[str] = []
    entries = [_entry(row, f"{path}, line {line}", problems) for line, row in rows]
    if not rows:
        problems.append(f"{path} lists no image: below its first line there is nothing")
    twice = [name for name, count in Counter(one.name for one in entries).items() if count > 1 and name]
    if twice:
        problems.append(
            f"{path} lists {count_some(twice)} more than once. Leave one line for each image; one that "
            "shows two expressions belongs to no class"
        )
    if problems:
        raise DataError("\n".join(problems))
    return entries


def _read_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """(line, column -> text). A file's name may be of bytes that are no UTF-8, so these are let through."""
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            reader = csv.DictReader(file, strict=True)
            rows = [(reader.line_num, row) for row in reader]
            columns = reader.fieldnames or ()
    except (OSError, csv.Error) as error:
        raise DataError(f"{path} can't be read as a list of images: {error}") from error
    if lacking := [name for name in ("path", "label") if name not in columns]:
        raise DataError(
            f"{path} has no column {' and no column '.join(lacking)}; its first line must be "
            f"{','.join(COLUMNS)} (split, groups and sha256 may be left out)"
        )
    for line, row in rows:
        if None in row:
            raise DataError(
                f"{path}, line {line}: there are more fields than columns. A field that holds a comma or a "
                'quote is written in quotes, and quotes inside it twice: "{""movie"": ""Town""}"'
            )
    return [(line, {name: from_csv_cell(row.get(name) or "") for name in COLUMNS}) for line, row in rows]


def _entry(row: Mapping[str, str], place: str, problems: list[str]) -> Entry:
    """A row; what is wrong with it is added to the problems."""
    if not row["path"] or not row["label"]:
        problems.append(f"{place}: path and label must not be empty")
    if decodable(row["label"]) != row["label"]:
        problems.append(f"{place}: the label {printable(row['label'])} is no UTF-8; save the list as UTF-8")
    if row["split"].lower() not in SPLITS:
        problems.append(
            f"{place}: the split is {row['split']!r}; expected train, validation, test or nothing"
        )
    # Not resolved: "a/../b" may lead elsewhere where "a" is a link.
    name = PurePath(row["path"]).as_posix() if row["path"] else ""
    split = SPLITS.get(row["split"].lower(), "")
    return Entry(name, row["label"], split, _groups(row["groups"], place, problems), row["sha256"].lower())


def _groups(text: str, place: str, problems: list[str]) -> dict[str, str]:
    try:
        groups = json.loads(text or "{}")
        if isinstance(groups, dict) and all(isinstance(name, str) for name in groups.values()):
            return groups
    except ValueError:
        pass
    problems.append(
        f'{place}: groups must be a JSON object of strings, such as {{"person": "7"}}, not {text}'
    )
    return {}
