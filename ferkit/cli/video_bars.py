"""Bars for the frames of videos."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ferkit.messages import printable, shorten_middle
from ferkit.predict.media.frames import Frame

NAME = 32
"""Maximum width of a file name, in characters."""


class SpeedColumn(ProgressColumn):
    """Frames per second.

    Args:
        unit: The unit of the speed.
    """

    def __init__(self, unit: str = "fps") -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        """Return the speed, empty at the start."""
        return Text(f"{task.speed:.1f} {self.unit}" if task.speed else "")


@contextmanager
def open_bars() -> Iterator[Callable[[Frame], None]]:
    """Show a bar for the current video on standard error if it is a terminal. Yields its `show`."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield lambda frame: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), SpeedColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, redirect_stdout=False
    ) as bars:
        yield VideoProgress(bars).show


class VideoProgress:
    """A bar for the current video.

    Args:
        bars: The bars of the terminal.
    """

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._source: object = None

    def show(self, frame: Frame) -> None:
        """Count a frame, skipped frames included."""
        if frame.source is not self._source:
            for task in self._bars.task_ids:
                self._bars.remove_task(task)
            self._source = frame.source
            name = escape(shorten_middle(printable(frame.file), NAME))
            self._task = self._bars.add_task(name, total=frame.total)
        self._bars.update(self._task, completed=(frame.number or 0) + 1)
