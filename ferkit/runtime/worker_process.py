"""Processes of one worker each, which end with their parent."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from typing import TypeVar

Result = TypeVar("Result")


class WorkerProcess:
    """A process that runs one function at a time. Its death breaks no other worker.

    The process is spawned, because a forked one cannot use torch safely. It ends when this object is stopped,
    and when the parent dies: the standard executor would leave it behind then. It does not import the script
    that runs, so a script needs no `if __name__ == "__main__"`.

    Args:
        environment: Environment variables of the process, such as its number of threads. They are set before
            it imports anything heavy.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._current: Future[object] | None = None
        self._start()

    @property
    def is_free(self) -> bool:
        """True if no function is running."""
        return self._current is None or self._current.done()

    def submit(self, function: Callable[..., Result], *arguments: object) -> Future[Result]:
        """Run a function of a module. Its future raises BrokenProcessPool if the process dies."""
        with _interrupts_blocked(), _script_hidden():
            try:
                future = self._executor.submit(function, *arguments)
            except BrokenProcessPool:
                self.stop()
                self._start()
                future = self._executor.submit(function, *arguments)
        self._current = future  # type: ignore[assignment]
        return future

    def stop(self) -> None:
        """End the process, also in the middle of a function."""
        self._lifeline.close()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> None:
        context = get_context("spawn")
        end, self._lifeline = context.Pipe(duplex=False)
        self._executor = ProcessPoolExecutor(1, context, _prepare, (end, self._environment))


def _prepare(lifeline: Connection, environment: Mapping[str, str]) -> None:
    """Prepare a new process: Ctrl-C is for the parent, which then closes the lifeline."""
    os.environ.update(environment)
    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def end() -> None:
        connection.wait([lifeline])
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Delay Ctrl-C while a process starts, which inherits this and prints no traceback."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _script_hidden() -> Iterator[None]:
    """Keep a new process from importing the script that runs, and from starting its work again."""
    main = sys.modules["__main__"].__dict__
    kept: dict[str, object] = {name: main[name] for name in ("__file__", "__spec__") if name in main}
    main.pop("__file__", None)
    main["__spec__"] = None
    try:
        yield
    finally:
        main.update(kept)
