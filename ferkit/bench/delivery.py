"""A record shown, kept and compared: how `ferkit bench` and every script end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from ferkit.bench.comparison import compare_records
from ferkit.bench.record import Record, write_record
from ferkit.bench.table import show_comparison, show_record

PIPE_WIDTH = 160
"""Of what is no terminal: no line of a table is folded."""


def deliver(record: Record, file: Path | None, old: Record | None, is_forced: bool = False) -> None:
    """Print the record, write it to the file, and compare it with the old one. Raises DataError.

    The file is written before anything is compared: what took minutes to measure is not lost by a refusal.
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
    """A line that says what is under way, on a terminal's standard error; nothing where there is none."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("building") as status:
        yield status.update
