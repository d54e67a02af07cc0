"""Walk through a folder and its subfolders."""

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
    """Walk through a folder and its subfolders, sorted by name.

    Files and folders of the system are skipped (`is_hidden`). Links to folders are followed last. A folder
    that is reachable twice appears once, under its own name. Loops of links end.

    Args:
        root: The folder.
        refuse: Called with the OSError of a folder that cannot be listed, which is then skipped. The default
            raises DataError.

    Yields:
        (folder, sorted names of its files).

    Raises:
        DataError: A folder cannot be listed.
    """
    seen: set[str] = set()
    beginnings = [root]
    for beginning in beginnings:  # grows during the loop
        for place, folders, files in os.walk(beginning, onerror=refuse):
            real = os.path.realpath(place)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            folders[:] = sorted(name for name in folders if not is_hidden(name))
            # pathlib raises if a path is too long, and os.walk calls `refuse`.
            beginnings += [path for name in folders if os.path.islink(path := Path(place, name))]
            yield Path(place), sorted(name for name in files if not is_hidden(name))


def real_folders(root: Path) -> Iterator[Path]:
    """Yield the resolved paths of all folders of `walk_folder`. Folders that cannot be listed are skipped."""
    for folder, _ in walk_folder(root, refuse=lambda _: None):
        yield folder.resolve()
