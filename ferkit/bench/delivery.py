"""Output of a record, for `ferkit bench` and the scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from ferkit.bench.comparison import compare_records
from ferkit.bench.record import Record, write_record
from ferkit.bench.table import show_comparison, show_record

PIPE_WIDTH = 160
"""Width of output that is no terminal, so that no table line wraps."""


def deliver(record: Record, file: Path | None, old: Record | None, is_forced: bool = False) -> None:
    """Print a record, write it to the file, and compare it with the old one. Raises DataError.

    The file is written first, so that a failed comparison does not lose the measurement.
    """
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, PIPE_WIDTH)
    console.print(show_record(record))
    if file:
        write_record(record, file)
        console.print(f"written: {file}", markup=False, highlight=False)
    if old:
        console.print(show_comparison(compare_records(old, record, is_forced)))


@contextmanager
def watch() -> Iterator[Callable[[str], object]]:
    """Yield a function that shows progress on standard error, if it is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("building") as status:
        yield status.update
