"""The interface of all outputs of a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

from ferkit.errors import RunError
from ferkit.predict.media.sources import InputError
from ferkit.predict.predicted import Predicted
from ferkit.runtime.file_kinds import describe_special


class Sink(Protocol):
    """An output of predictions. Its constructor checks that its path is writable."""

    def begin(self, labels: Sequence[str]) -> None:
        """Start the output; called once, first."""

    def write(self, predicted: Predicted) -> Sequence[InputError]:
        """Write the rows of an image. Returns the inputs that could not be written, with reasons."""

    def close(self, is_whole: bool) -> str | None:
        """Finish, and return the path. A partial output keeps the suffix .part."""


def put_in_place(part: Path, path: Path, is_whole: bool) -> str:
    """Move a whole output to its path. Returns its path then. Raises RunError."""
    if not is_whole:
        return str(part)
    try:
        part.replace(path)
    except OSError as error:
        problem = f"Cannot write --out {path}: {error.strerror}. The results are in {part}."
        raise RunError(problem) from error
    return str(path)


def check_place(folder: Path, out: Path, option: str = "--out") -> None:
    """Create the folder if it is missing, and check that it is writable. Raises RunError."""
    start = f"Cannot write {option} {out}"
    if out != folder and out.is_dir():
        raise RunError(f"{start}: expected a file, got a folder.")
    if out != folder and (special := describe_special(out)):
        raise RunError(f"{start}: expected a file, got {special}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except FileExistsError as error:
        raise RunError(f"{start}: {folder} is a file. Give another path.") from error
    except OSError as error:
        raise RunError(f"{start}: {error.strerror}. Give another path.") from error
