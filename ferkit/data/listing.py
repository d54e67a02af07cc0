"""CSV lists of images: paths, labels, splits, groups and hashes."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from ferkit.data.table_text import FALLBACK, find_encoding, find_separator
from ferkit.errors import DataError
from ferkit.messages import count_some, decodable, printable, shorten
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
"""Spelling in lists, in lower case, to the name of the split."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An image in a list.

    Attributes:
        name: Path relative to the folder of the dataset, with forward slashes.
        label: Label of the image.
        split: "train", "validation", "test" or "".
        groups: Kind of group to name of group.
        sha256: Hash of the file in lower case, or "" if it is unknown.
        others: Name to text of the further columns.
    """

    name: str
    label: str
    split: str
    groups: Mapping[str, str]
    sha256: str
    others: Mapping[str, str] = field(default_factory=dict)


def read_listing(path: Path) -> list[Entry]:
    """Read a CSV list of images.

    Args:
        path: A CSV file with the columns path and label, and optionally split, groups and sha256.

    Returns:
        The images in the order of the list.

    Raises:
        DataError: The file is unreadable, or has wrong columns, wrong rows or duplicate paths. The message
            has a line for each problem.
    """
    rows = _read_rows(path)
    problems: list[str] = []
    entries = [_entry(row, f"{path}, line {line}", problems) for line, row in rows]
    if not rows:
        problems.append(f"{path} lists no image: it is empty below the first line")
    twice = [name for name, count in Counter(one.name for one in entries).items() if count > 1 and name]
    if twice:
        problems.append(
            f"{path} lists {count_some(twice)} more than once. Keep one line for each image. Remove an image "
            "that shows two expressions."
        )
    if problems:
        raise DataError("\n".join(problems))
    return entries


def read_columns(path: Path) -> list[str]:
    """Return the names of the columns of a CSV list. Empty if it cannot be read."""
    try:
        found = find_encoding(path)
        with path.open(newline="", encoding="utf-8-sig" if found == FALLBACK else found) as file:
            line = file.readline()
        return next(csv.reader([line], delimiter=find_separator(line.rstrip("\r\n"), ("path", "label"))), [])
    except (OSError, UnicodeError, csv.Error, DataError):
        return []


def _read_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Read (line, column to text). Bytes that are not UTF-8 are kept: file names can have them."""
    try:
        found = find_encoding(path)
        encoding = "utf-8-sig" if found == FALLBACK else found  # names may be of bytes in any encoding
        with path.open(newline="", encoding=encoding, errors="surrogateescape") as file:
            separator = find_separator(file.readline().rstrip("\r\n"), ("path", "label"))
            file.seek(0)
            reader = csv.DictReader(file, strict=True, delimiter=separator)
            rows = [(reader.line_num, row) for row in reader]
            columns = reader.fieldnames or ()
    except (OSError, UnicodeError, csv.Error) as error:
        raise DataError(f"{path} can't be read as a list of images: {error}") from error
    if lacking := [name for name in ("path", "label") if name not in columns]:
        raise DataError(
            f"{path} has no column {' and no column '.join(lacking)}. Its first line must be "
            f"{','.join(COLUMNS)} (split, groups and sha256 are optional)."
        )
    for line, row in rows:
        if None in row:
            raise DataError(
                f"{path}, line {line}: there are more fields than columns. Put a field with a comma or "
                'quote in quotes, and double the quotes inside it: "{""movie"": ""Town""}"'
            )
    names = dict.fromkeys([*COLUMNS, *columns])
    return [(line, {name: from_csv_cell(row.get(name) or "") for name in names}) for line, row in rows]


def _entry(row: Mapping[str, str], place: str, problems: list[str]) -> Entry:
    """Convert a row. Its problems are appended to `problems`."""
    if not row["path"] or not row["label"]:
        problems.append(f"{place}: path and label must not be empty")
    if decodable(row["label"]) != row["label"]:
        problems.append(f"{place}: the label {printable(row['label'])} is not UTF-8. Save the list as UTF-8.")
    if row["split"].lower() not in SPLITS:
        got = shorten(repr(row["split"]))
        problems.append(f"{place}: expected a split of train, validation, test or nothing, got {got}")
    # Not resolved: "a/../b" can be another file than "b" if "a" is a link.
    name = PurePath(row["path"]).as_posix() if row["path"] else ""
    split = SPLITS.get(row["split"].lower(), "")
    others = {column: text for column, text in row.items() if column not in COLUMNS}
    groups = _groups(row["groups"], place, problems)
    return Entry(name, row["label"], split, groups, row["sha256"].lower(), others)


def _groups(text: str, place: str, problems: list[str]) -> dict[str, str]:
    try:
        groups = json.loads(text or "{}")
        if isinstance(groups, dict) and all(isinstance(name, str) for name in groups.values()):
            return groups
    except (ValueError, RecursionError):
        pass
    example = '{"person": "7"}'
    problems.append(
        f"{place}: expected groups as a JSON object of strings, such as {example}, got {shorten(text)}"
    )
    return {}
