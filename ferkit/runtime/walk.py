"""Going through a folder and all below it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ferkit.errors import DataError
from ferkit.runtime.file_kinds import is_hidden


def _refuse(error: OSError) -> None:
    raise DataError(f"the folder {error.filename} can't be listed: {error.strerror}") from error


def walk_folder(
    root: Path, refuse: Callable[[OSError], object] = _refuse
) -> Iterator[tuple[Path, list[str]]]:
    """Yield (folder, names of its files) for a folder and all below it, sorted by name.

    Files and folders of the system are left out (`is_hidden`). Linked folders follow after the others: a
    folder below root that is also linked comes once, under its own name. Loops of links end.

    Args:
        root: The folder to start from.
        refuse: Called with the error of a folder that cannot be listed. By default DataError is raised.
    """
    seen: set[str] = set()
    beginnings = [root]
    for beginning in beginnings:  # which grows meanwhile
        for place, folders, files in os.walk(beginning, onerror=refuse):
            real = os.path.realpath(place)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            folders[:] = sorted(name for name in folders if not is_hidden(name))
            beginnings += [path for name in folders if (path := Path(place, name)).is_symlink()]
            yield Path(place), sorted(name for name in files if not is_hidden(name))


def real_folders(root: Path) -> Iterator[Path]:
    """Where those that `walk_folder` goes through are, without links; those that can't be listed left out."""
    for folder, _ in walk_folder(root, refuse=lambda _: None):
        yield folder.resolve()
