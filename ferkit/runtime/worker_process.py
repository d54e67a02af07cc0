"""Processes of one worker each, which end with their parent."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import connection, forkserver, get_context, resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables that libraries read when they are imported."""
GPUS = "/dev/nvidiactl", "/dev/kfd", "/dev/dxg"
"""Files of machines with a GPU: NVIDIA's, AMD's, and WSL's."""
_preloaded: dict[str, str] = {}
"""Variables of the process that has imported modules for the workers. Empty without such a process."""


def preload(modules: Sequence[str], threads: int) -> None:
    """Start to import modules for all later workers, in a process that they are forked from.

    That process does nothing but import, so it has no threads or GPU that a fork would break. This returns at
    once. It does nothing on systems other than Linux, on a machine with a GPU, whose drivers may not survive
    a fork, or if the process exists.

    Args:
        modules: Names of modules. Missing ones are ignored.
        threads: Number of threads of each worker. Other workers are spawned.
    """
    if _preloaded or sys.platform != "linux" or any(Path(file).exists() for file in GPUS):
        return
    _preloaded.update(dict.fromkeys(THREADS, str(threads)))
    forkserver.set_forkserver_preload(list(modules))
    resource_tracker.ensure_running()  # else the server starts it, which ends the blocking of Ctrl-C
    before = dict(os.environ)
    os.environ.update(_preloaded)
    try:
        with _interrupts_blocked(), _script_hidden():
            forkserver.ensure_running()
    finally:
        for name in THREADS:
            os.environ.pop(name)
        os.environ.update(before)


class WorkerProcess:
    """A process that runs one function at a time. Its death breaks no other worker.

    The process is spawned, because a fork of this one cannot use torch safely. After `preload`, it is a fork
    of a process that has only imported modules. It ends when this object is stopped, and when the parent
    dies: the standard executor would leave it behind then. It does not import the script that runs, so a
    script needs no `if __name__ == "__main__"`.

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
        is_preloaded = bool(_preloaded) and all(
            self._environment.get(name) == value for name, value in _preloaded.items()
        )
        context = get_context("forkserver" if is_preloaded else "spawn")
        end, self._lifeline = context.Pipe(duplex=False)
        environment = {**os.environ, **self._environment}
        self._executor = ProcessPoolExecutor(1, context, _prepare, (end, environment))


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
