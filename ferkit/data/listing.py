"""CSV lists of photographs: paths, labels, parts, groups and hashes."""

from __future__ import annotations

import csv
from pathlib import Path

from ferkit.errors import DataError

COLUMNS = ("path", "label", "split", "groups", "sha256")


def read_listing(path: Path) -> list[dict[str, str]]:
    """The rows; columns that may be left out are "". Raises DataError where path or label are missing."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [{name: row.get(name) or "" for name in COLUMNS} for row in reader]
            columns = reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} can't be read as a list of photographs: {error}") from error
    if lacking := [name for name in ("path", "label") if name not in columns]:
        raise DataError(
            f"{path} has no column {' or '.join(lacking)}; its first line must be "
            f"{','.join(COLUMNS)} (split, groups and sha256 may be left out)"
        )
    for number, row in enumerate(rows, start=2):
        if not row["path"] or not row["label"]:
            raise DataError(f"{path}, line {number}: path and label must not be empty")
    return rows
