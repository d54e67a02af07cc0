"""Reading ahead by threads, bounded, in order: decoding lets go of Python's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")
THREADS = min(4, os.cpu_count() or 1)


def map_ahead(
    make: Callable[[Given], Made],
    given: Iterable[Given],
    *,
    ahead: int,
    room: float,
    weigh: Callable[[Made], float],
) -> Generator[Made, None, None]:
    """make(one) for each, in order. At most `ahead` are begun before they are asked for, and none is begun
    while those that wait weigh `room` or more together; one that is not done yet is taken to weigh what those
    before it did. An exception of make comes when its turn comes."""
    left = iter(given)
    waiting: deque[Future[Made]] = deque()
    likely = room / THREADS
    with ThreadPoolExecutor(THREADS, "ferkit-ahead") as threads:
        try:
            while True:
                while len(waiting) < ahead and (not waiting or _weight(waiting, weigh, likely) < room):
                    try:
                        waiting.append(threads.submit(make, next(left)))
                    except StopIteration:
                        break
                if not waiting:
                    return
                made = waiting.popleft().result()
                likely = max(weigh(made), likely / 2)
                yield made
        finally:
            for one in waiting:
                one.cancel()


def _weight(waiting: Iterable[Future[Made]], weigh: Callable[[Made], float], likely: float) -> float:
    return sum(
        likely if not one.done() else weigh(one.result()) if one.exception() is None else 0.0
        for one in waiting
    )


def iterate_ahead(given: Iterable[Made], ahead: int) -> Generator[Made, None, None]:
    """The same things; a thread goes on with the iterable while one is used, by at most `ahead`."""
    queue: Queue[tuple[Made | None, BaseException | None, bool]] = Queue(max(1, ahead))
    is_over = Event()
    thread = Thread(target=_fill, args=(iter(given), queue, is_over), name="ferkit-ahead", daemon=True)
    thread.start()
    try:
        while True:
            made, error, is_last = queue.get()
            if error:
                raise error
            if is_last:
                return
            yield made  # type: ignore[misc]
    finally:
        is_over.set()
        thread.join()


def _fill(
    given: Iterator[Made], queue: Queue[tuple[Made | None, BaseException | None, bool]], is_over: Event
) -> None:
    """Until the iterator ends or whoever asks has gone; the iterator is closed here, in its own thread."""
    try:
        for one in given:
            if not _put(queue, (one, None, False), is_over):
                break
        _put(queue, (None, None, True), is_over)
    except BaseException as error:
        _put(queue, (None, error, True), is_over)
    finally:
        if isinstance(given, Generator):
            given.close()


def _put(
    queue: Queue[tuple[Made | None, BaseException | None, bool]],
    item: tuple[Made | None, BaseException | None, bool],
    is_over: Event,
) -> bool:
    while not is_over.is_set():
        try:
            queue.put(item, timeout=0.1)
            return True
        except Full:
            continue
    return False
