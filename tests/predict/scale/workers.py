"""Workers for tests: they run in this process, and die when they are told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ferkit.predict.scale.part import Part
from ferkit.runtime.workers import Workers

Result = TypeVar("Result")


class Here:
    """A worker in this process.

    Args:
        dies: Called before each call with its arguments; True for a death of the worker.
    """

    def __init__(self, dies: Callable[[Sequence[Any]], bool] = lambda arguments: False) -> None:
        self.dies = dies
        self.parts: list[int] = []

    def submit(self, function: Callable[..., Result], *arguments: object) -> Future[Result]:
        future: Future[Result] = Future()
        self.parts += [one.number for one in arguments if isinstance(one, Part)]
        if self.dies(arguments):
            future.set_exception(BrokenProcessPool())
        else:
            try:
                future.set_result(function(*arguments))
            except BaseException as error:
                future.set_exception(error)
        return future

    def stop(self) -> None:
        return None


def open_here(*workers: Here) -> Callable[..., object]:
    """Replace `open_workers`."""

    @contextmanager
    def open_workers(options: Workers, folder: Path, parts: int, note: object) -> Iterator[Sequence[Here]]:
        yield workers

    return open_workers


@dataclass
class Seen:
    """The progress that was shown."""

    total: int = 0
    done: int = 0
    notes: list[str] = field(default_factory=list)

    def start(self, total: int) -> None:
        self.total = total

    def advance(self, files: int) -> None:
        self.done += files

    def note(self, text: str) -> None:
        self.notes.append(text)
