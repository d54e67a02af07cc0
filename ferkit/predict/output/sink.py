"""What every output of a prediction has in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

from ferkit.errors import RunError
from ferkit.predict.media.sources import InputError
from ferkit.predict.predictor import Predicted


class Sink(Protocol):
    """Looks at its place when it is built, so that what can't be written is found before any work."""

    def begin(self, labels: Sequence[str]) -> None:
        """To be called once, first."""

    def write(self, predicted: Predicted) -> Sequence[InputError]:
        """What could not be written, of it or of what came before, and why."""

    def close(self, is_whole: bool) -> str | None:
        """Where it can be found; unless it is whole, beside its place, with .part after its name."""


def put_in_place(part: Path, path: Path, is_whole: bool) -> str:
    """Where it is then. Raises RunError."""
    if not is_whole:
        return str(part)
    try:
        part.replace(path)
    except OSError as error:
        problem = f"--out {path}: it can't be written: {error.strerror}. What was found is in {part}."
        raise RunError(problem) from error
    return str(path)


def check_place(folder: Path, out: Path) -> None:
    """Make the folder, if need be, and write something there. Raises RunError, naming `out`."""
    if out != folder and out.is_dir():
        raise RunError(f"--out {out}: expected a file for a table, and it is a folder. Give another place.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except FileExistsError as error:
        problem = f"--out {out}: it can't be written: {folder} is a file. Give another place."
        raise RunError(problem) from error
    except OSError as error:
        raise cannot_write(out, error) from error


def cannot_write(path: Path, error: OSError) -> RunError:
    return RunError(f"--out {path}: it can't be written: {error.strerror}. Give another place.")
