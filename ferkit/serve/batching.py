"""Join the images of concurrent requests into batches, and compute them in one thread."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from threading import Lock
from typing import Generic, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")
PATIENCE = 0.002
"""Maximum time that the first image of a batch waits for others, in seconds."""


class Batcher(Generic[Given, Made]):
    """A queue whose items are computed in batches.

    While a batch is computed, the next one collects. If a batch fails, each of its items is computed alone:
    one request cannot spoil the answer of another.

    Args:
        work: Computes a batch. It is called in `thread`.
        size: Maximum number of items in a batch.
        thread: One thread, which may have other work too.
    """

    def __init__(
        self, work: Callable[[Sequence[Given]], Sequence[Made]], size: int, thread: ThreadPoolExecutor
    ) -> None:
        self._work = work
        self._size = size
        self._thread = thread
        self._waiting: deque[tuple[Given, asyncio.Future[Made]]] = deque()
        self._arrived = asyncio.Event()

    async def compute(self, item: Given) -> Made:
        """Return the result of an item. Raises what `work` raises for it alone."""
        future: asyncio.Future[Made] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._arrived.set()
        return await future

    async def run(self) -> None:
        """Compute batches until the task is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            if len(self._waiting) < self._size:
                await asyncio.sleep(PATIENCE)
            batch = self._take()
            if batch:
                items = [item for item, _ in batch]
                for (_, future), made in zip(
                    batch, await loop.run_in_executor(self._thread, self._attempt, items), strict=True
                ):
                    _settle(future, made)

    def _take(self) -> list[tuple[Given, asyncio.Future[Made]]]:
        """Take a batch from the queue. Items whose request has ended are dropped."""
        batch: list[tuple[Given, asyncio.Future[Made]]] = []
        while self._waiting and len(batch) < self._size:
            item, future = self._waiting.popleft()
            if not future.done():
                batch.append((item, future))
        if not self._waiting:
            self._arrived.clear()
        return batch

    def _attempt(self, items: Sequence[Given]) -> Sequence[Made | Exception]:
        try:
            return self._work(items)
        except Exception as error:
            return [error] if len(items) == 1 else [self._attempt([item])[0] for item in items]


def _settle(future: asyncio.Future[Made], made: Made | Exception) -> None:
    if future.done():
        return
    if isinstance(made, Exception):
        future.set_exception(made)
    else:
        future.set_result(made)


class Room:
    """A bound on the memory of decoded images that wait or are computed.

    Args:
        size: Bytes. A larger image is let in alone.
    """

    def __init__(self, size: float) -> None:
        self._size = size
        self._used = 0.0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def take(self, weight: float) -> AsyncIterator[None]:
        """Wait until there is room for `weight` bytes, and hold it."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._used or self._used + weight <= self._size)
            self._used += weight
        try:
            yield
        finally:
            self._used -= weight
            async with self._changed:
                self._changed.notify_all()


class ReadAhead(Iterator[Made]):
    """An iterator whose next items one thread reads before another takes them.

    Args:
        items: The items. A generator is closed by `close`.
    """

    def __init__(self, items: Generator[Made, None, None]) -> None:
        self._items = items
        self._ready: deque[Made] = deque()
        self._reading = Lock()
        self._is_stopped = False

    def fill(self, count: int) -> None:
        """Read until `count` items are ready, or there are no more."""
        with self._reading:
            while len(self._ready) < count and not self._is_stopped:
                try:
                    self._ready.append(next(self._items))
                except StopIteration:
                    return

    def __next__(self) -> Made:
        if self._ready:
            return self._ready.popleft()
        with self._reading:
            if self._is_stopped:
                raise StopIteration
            return next(self._items)

    def stop(self) -> None:
        """End the items, also while another thread reads."""
        self._is_stopped = True

    def close(self) -> None:
        """Close the items, once no thread reads."""
        with self._reading:
            self._items.close()
