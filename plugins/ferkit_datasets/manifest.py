"""A data set as a list: one line for each image."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ferkit.plugin import DataError, Entry, Sample, read_listing

SHOWN = 3


class Manifest:
    """Images that a CSV file lists, in its order.

    file: its columns are path and label and, if wanted, split (train, validation or test), groups (a JSON
    object such as {"person": "7"}) and sha256, which only `ferkit data verify` and a recipe's [manifest] look
    at; what `ferkit data manifest` writes is such a list. root: the folder that the paths are below, the
    list's own folder if left out. Labels are taken as they are written.
    """

    def __init__(self, file: Path, root: Path | None = None) -> None:
        self.file = file
        self.root = file.parent if root is None else root

    def problems(self) -> list[str]:
        """What is wrong with the list, images that are missing, splits for some only, one class only."""
        if not os.path.isfile(self.file):
            return [
                f"there is no file {self.file}. Expected a CSV list with the columns path and label and, if "
                "wanted, split, groups and sha256. Make one of what you have: ferkit data manifest FOLDER"
            ]
        try:
            entries = self._entries()
        except DataError as error:
            return str(error).splitlines()
        outside = [one.name for one in entries if _is_outside(one.name)]
        missing = [one.name for one in entries if not os.path.isfile(self.root / one.name)]
        unplaced = [one.name for one in entries if not one.split]
        found = []
        if outside:
            found.append(f"{self.file} lists {_some(outside)}; paths must be below the folder {self.root}")
        elif missing:
            found.append(
                f"{self.root} lacks {len(missing)} of the {len(entries)} images that {self.file} lists: "
                f"{_some(missing)}. Restore them, take their lines out, or give the folder that the paths "
                "are below as the option root"
            )
        if 0 < len(unplaced) < len(entries):
            found.append(f"{self.file} gives a split for some images, but none for {_some(unplaced)}")
        if len(labels := {one.label for one in entries}) < 2:
            found.append(f"{self.file} lists the class {labels.pop()!r} alone; two or more are needed")
        return found

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        return [Sample(self.root / one.name, one.label, one.groups, one.split) for one in self._entries()]

    def _entries(self) -> list[Entry]:
        """Read the list; Windows' backslashes work everywhere. Raises DataError."""
        return [
            replace(one, name=slashed)
            if (slashed := one.name.replace("\\", "/")) != one.name and not (self.root / one.name).exists()
            else one
            for one in read_listing(self.file)
        ]


def _is_outside(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts


def _some(names: Sequence[str]) -> str:
    # Bytes that are no UTF-8 are escaped: no terminal takes them.
    shown = ", ".join(names[:SHOWN]).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return shown + (f" and {len(names) - SHOWN} others" if len(names) > SHOWN else "")
