"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ferkit.errors import RunError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A new file to fill, next to `path` and with its suffix; moved to `path` at the end of the block.

    If the block raises, the new file is removed and `path` is unharmed. The file gets the mode of any other
    file of this process: safetensors, from 0.8 on, makes its files readable by their owner only. Raises
    OSError.
    """
    # Its name is short: that of `path` may be as long as names can be.
    part = path.with_name(f".{secrets.token_hex(4)}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
        mode = part.stat().st_mode
        yield part
        if part.stat().st_mode != mode:
            with contextlib.suppress(OSError):  # where a file system has no modes
                part.chmod(mode)
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):  # a parent that is a file, for example: reported already
            part.unlink()


@contextlib.contextmanager
def run_file(path: Path) -> Iterator[Path]:
    """`atomic_path` for a file of a run: raises RunError for all that fails, a full disk for example."""
    try:
        with atomic_path(path) as part:
            yield part
    except Exception as error:
        raise _cannot_write(path, error) from error


def write_in_turn(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Like `run_file`, for a large file that is written again and again.

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
    """Write UTF-8, whole or not at all; undecodable bytes of file names are kept. Raises RunError."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises RunError."""
    with run_file(path) as part:
        part.write_bytes(content)


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) uint8 RGB, whole or not at all. Raises RunError."""
    from PIL import Image

    with run_file(path) as part:
        Image.fromarray(pixels).save(part, format="PNG")
