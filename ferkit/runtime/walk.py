"""Going through a folder and all below it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ferkit.errors import DataError


def _refuse(error: OSError) -> None:
    raise DataError(f"the folder {error.filename} can't be listed: {error.strerror}") from error


def _everything(name: str) -> bool:
    return True


def walk_folder(
    root: Path,
    refuse: Callable[[OSError], object] = _refuse,
    is_wanted: Callable[[str], bool] = _everything,
) -> Iterator[tuple[Path, list[str]]]:
    """(folder, names of its files), folder by folder, each by name.

    Linked folders are followed, after the others, so that a folder which lies below root and is linked as
    well comes once, under its own name; a loop of links ends. refuse: called with the error of a folder that
    can't be listed, which is then left out; else DataError is raised. is_wanted: whether folders of a name
    are gone into.
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
            folders[:] = sorted(name for name in folders if is_wanted(name))
            beginnings += [path for name in folders if (path := Path(place, name)).is_symlink()]
            yield Path(place), sorted(files)


def real_folders(root: Path) -> Iterator[Path]:
    """Where those that `walk_folder` goes through are, without links; those that can't be listed left out."""
    for folder, _ in walk_folder(root, refuse=lambda _: None):
        yield folder.resolve()
