"""Prefetch items with threads, in order and within bounds. Decoding releases Python's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar, cast

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
    """Yield make(item) for each item, in order. An exception of make is raised in its turn.

    Args:
        make: Function that threads call.
        given: The items.
        ahead: Maximum number of results that are prepared in advance.
        room: No item is started while the waiting results weigh this much together. An unfinished result
            counts as much as the one before.
        weigh: Weight of a result.
    """
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
    """Yield the same items. A thread prepares up to `ahead` items in advance, and closes the iterator."""
    left, end = iter(given), object()
    with ThreadPoolExecutor(1, "ferkit-ahead") as thread:
        waiting = deque(thread.submit(next, left, end) for _ in range(ahead))
        try:
            while (made := waiting.popleft().result()) is not end:
                waiting.append(thread.submit(next, left, end))
                yield cast(Made, made)
        finally:
            for one in waiting:
                one.cancel()
            if isinstance(left, Generator):
                thread.submit(left.close)
