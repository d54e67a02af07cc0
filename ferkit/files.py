"""Writing files whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ferkit.errors import RunError


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then move it there.

    Raises RunError where that fails (a full disk, say); what was at `path` before is unharmed.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        os.replace(part, path)
    except Exception as error:
        raise RunError(
            f"can't write {path}: {error}. What was there before is unharmed: make room, then go on "
            "with --resume."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """UTF-8, whole or not at all; bytes of a file's name that are none stay as they are. Raises RunError."""
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8", errors="surrogateescape"))
