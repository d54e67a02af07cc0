"""A data set as a list with one line for each image."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ferkit.plugin import DataError, Entry, Sample, read_listing, suggest

SHOWN = 3


class Manifest:
    """Images listed in a CSV file, as `ferkit data manifest` writes it, in its order.

    Args:
        file: CSV file with the columns path and label, and optionally split ("train", "validation" or
            "test"), groups (a JSON object such as {"person": "7"}) and sha256. Only `ferkit data verify` and
            [manifest] of a recipe use sha256.
        root: Folder that the paths are relative to. Default: the folder of the list.
        groups: Further columns with names of groups, such as ["person", "gender"]. An empty cell is no group.
    """

    def __init__(self, file: Path, root: Path | None = None, groups: tuple[str, ...] = ()) -> None:
        self.file = file
        self.groups = groups
        self.root = file.parent if root is None else root

    def problems(self) -> list[str]:
        """Find errors in the list, missing images, missing splits and a single class."""
        if not os.path.isfile(self.file):
            return [
                f"there is no file {self.file}. Expected a CSV list with the columns path and label, and "
                "optionally split, groups and sha256. Create it with: ferkit data manifest FOLDER"
            ]
        try:
            entries = self._entries()
        except DataError as error:
            return str(error).splitlines()
        known = list(entries[0].others)
        if unknown := [kind for kind in self.groups if kind not in known]:
            hint = suggest(unknown[0], known)
            return [f"groups: {self.file} has no further column {unknown[0]!r}. {hint}"]
        outside = [one.name for one in entries if _is_outside(one.name)]
        missing = [one.name for one in entries if not os.path.isfile(self.root / one.name)]
        unplaced = [one.name for one in entries if not one.split]
        found = []
        if outside:
            found.append(f"{self.file} lists {_some(outside)}. Paths must be below the folder {self.root}.")
        elif missing:
            found.append(
                f"{self.root} lacks {len(missing)} of the {len(entries)} images that {self.file} lists: "
                f"{_some(missing)}. Restore them, remove their lines, or set the option root to the folder "
                "that the paths are relative to."
            )
        if 0 < len(unplaced) < len(entries):
            found.append(f"{self.file} has a split for some images, but none for {_some(unplaced)}")
        if len(labels := {one.label for one in entries}) < 2:
            found.append(f"{self.file} has one class only, {labels.pop()!r}. At least two are needed.")
        return found

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        return [
            Sample(self.root / one.name, one.label, self._groups(one), one.split) for one in self._entries()
        ]

    def _groups(self, entry: Entry) -> dict[str, str]:
        further = {kind: text for kind in self.groups if (text := entry.others[kind])}
        return {**entry.groups, **further}

    def _entries(self) -> list[Entry]:
        """Read the list; Windows' backslashes work everywhere. Raises DataError."""
        return [self._with_slashes(one) for one in read_listing(self.file)]

    def _with_slashes(self, entry: Entry) -> Entry:
        if "\\" not in entry.name or os.path.exists(self.root / entry.name):
            return entry
        return replace(entry, name=entry.name.replace("\\", "/"))


def _is_outside(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts


def _some(names: Sequence[str]) -> str:
    # Escape bytes that are not UTF-8: terminals cannot show them.
    shown = ", ".join(names[:SHOWN]).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return shown + (f" and {len(names) - SHOWN} others" if len(names) > SHOWN else "")
