"""Write files completely or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ferkit.errors import RunError
from ferkit.runtime.file_kinds import describe_special

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Provide a temporary file in the folder of `path`, and move it to `path` after the block.

    If the block raises, the temporary file is removed and `path` stays unchanged. The file gets the default
    mode of the process. (safetensors 0.8 and later would make it readable by its owner only.)

    Args:
        path: The final file. Its folder is created if necessary.

    Yields:
        The temporary file, empty, with the suffix of `path`.

    Raises:
        OSError: The file cannot be written, or is a device or a pipe, which a file would replace.
    """
    if not path.is_dir() and (special := describe_special(path)):
        raise OSError(f"{path} is {special}, not a file")
    # Its name is short: that of `path` may be as long as names can be.
    part = path.with_name(f".{secrets.token_hex(4)}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
        mode = part.stat().st_mode
        yield part
        if part.stat().st_mode != mode:
            with contextlib.suppress(OSError):  # some file systems have no modes
                part.chmod(mode)
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):  # already reported, such as a parent that is a file
            part.unlink()


def remove_parts(folder: Path, skip: str = "") -> None:
    """Remove the temporary files of `atomic_path` that a killed process left in a folder.

    Args:
        folder: The folder.
        skip: Name of a folder in it that other processes use.
    """
    for part in folder.rglob("." + "[0-9a-f]" * 8 + ".part*"):
        if part.relative_to(folder).parts[0] != skip:
            with contextlib.suppress(OSError):
                part.unlink()


@contextlib.contextmanager
def run_file(path: Path) -> Iterator[Path]:
    """Write a file of a run as `atomic_path` does. Raises RunError for any error, such as a full disk."""
    try:
        with atomic_path(path) as part:
            yield part
    except Exception as error:
        raise _cannot_write(path, error) from error


def write_in_turn(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a large file repeatedly, as `run_file` does. Read it with `find_written`.

    Two files take turns, so that each write reuses allocated disk space. Allocation takes several times as
    long as writing.
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
    """Return the newest complete file of `write_in_turn`, or None.

    It is not `path` if a process died between two renames.
    """
    _, former = _companions(path)
    return next((file for file in (path, former) if file.exists()), None)


def remove_written(path: Path) -> None:
    """Remove all files of `write_in_turn`."""
    for file in (path, *_companions(path)):
        file.unlink(missing_ok=True)


def _companions(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + ".part"), path.with_name(path.name + ".former")


def _cannot_write(path: Path, error: Exception) -> RunError:
    return RunError(
        f"can't write {path}: {error}. The previous version is unchanged. Free some space, then continue "
        "with --resume."
    )


def write_text(path: Path, text: str) -> None:
    """Write UTF-8, completely or not at all. Surrogate escapes in file names are kept. Raises RunError."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file completely or not at all. Raises RunError."""
    with run_file(path) as part:
        part.write_bytes(content)


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) uint8 RGB, completely or not at all. Raises RunError."""
    from PIL import Image

    with run_file(path) as part:
        Image.fromarray(pixels).save(part, format="PNG")
