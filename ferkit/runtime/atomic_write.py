"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ferkit.errors import RunError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then move it there.

    Others may read it as they may any file that this process makes, whatever `write` thinks of them:
    safetensors, from 0.8 on, lets nobody else. Raises RunError where that fails (a full disk, say); what was
    at `path` before is unharmed.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
        mode = part.stat().st_mode
        write(part)
        if part.stat().st_mode != mode:
            with contextlib.suppress(OSError):  # where a file system has no modes
                part.chmod(mode)
        os.replace(part, path)
    except Exception as error:
        raise _cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # where a folder of the path is a file, say; told already
            part.unlink()


def write_in_turn(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Like `write_whole`, for a large file that is written again and again.

    Two files take turns, each written over the one before the last: the system need not find new memory for
    it every time, which takes several times as long as the writing. Read it by `find_written`.
    """
    part, former = _companions(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("r+b" if part.exists() else "w+b", buffering=0) as file:
            write(file)
            file.truncate()
        if path.exists():
            os.replace(path, former)
        os.replace(part, path)
        if former.exists():
            os.replace(former, part)
    except Exception as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise _cannot_write(path, error) from error


def find_written(path: Path) -> Path | None:
    """The newest whole file of `write_in_turn`, if any; not `path` where a process died between renamings."""
    _, former = _companions(path)
    return next((file for file in (path, former) if file.exists()), None)


def remove_written(path: Path) -> None:
    """All that `write_in_turn` keeps."""
    for file in (path, *_companions(path)):
        file.unlink(missing_ok=True)


def _companions(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + ".part"), path.with_name(path.name + ".former")


def _cannot_write(path: Path, error: Exception) -> RunError:
    return RunError(
        f"can't write {path}: {error}. What was there before is unharmed: make room, then go on with "
        "--resume."
    )


def write_text(path: Path, text: str) -> None:
    """UTF-8, whole or not at all; bytes of a file's name that are none stay as they are. Raises RunError."""
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8", errors="surrogateescape"))


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """(H, W, 3) uint8 RGB, whole or not at all. Raises RunError."""
    from PIL import Image

    write_whole(path, lambda part: Image.fromarray(pixels).save(part, format="PNG"))
