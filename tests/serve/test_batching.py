"""Images of concurrent requests share batches."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from ferkit.serve.batching import Batcher, ReadAhead, Room


def compute(items: Sequence[int], size: int = 4) -> tuple[list[int | str], list[list[int]]]:
    """Ask for 10 times each item at the same time. Returns the answers and the batches."""
    batches: list[list[int]] = []

    def work(batch: Sequence[int]) -> list[int]:
        batches.append(list(batch))
        if 13 in batch:
            raise ValueError("13 is unlucky")
        return [10 * item for item in batch]

    async def ask() -> list[int | str]:
        with ThreadPoolExecutor(1) as thread:
            batcher = Batcher(work, size, thread)
            task = asyncio.create_task(batcher.run())
            found = await asyncio.gather(*map(batcher.compute, items), return_exceptions=True)
            task.cancel()
            return [one if isinstance(one, int) else str(one) for one in found]

    return asyncio.run(ask()), batches


def test_concurrent_items_are_computed_in_batches_and_answered_in_order() -> None:
    answers, batches = compute(range(10))
    assert answers == [10 * item for item in range(10)]
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_an_item_that_fails_does_not_spoil_its_batch() -> None:
    answers, batches = compute([1, 13, 2])
    assert answers == [10, "13 is unlucky", 20]
    assert batches == [[1, 13, 2], [1], [13], [2]]


def test_an_item_of_a_request_that_has_ended_is_not_computed() -> None:
    batches: list[list[int]] = []

    def work(batch: Sequence[int]) -> Sequence[int]:
        batches.append(list(batch))
        return batch

    async def ask() -> None:
        with ThreadPoolExecutor(1) as thread:
            batcher = Batcher(work, 4, thread)
            waiting = [asyncio.create_task(batcher.compute(item)) for item in range(3)]
            await asyncio.sleep(0)
            waiting[1].cancel()
            task = asyncio.create_task(batcher.run())
            await asyncio.gather(*waiting, return_exceptions=True)
            task.cancel()

    asyncio.run(ask())
    assert batches == [[0, 2]]


@pytest.mark.parametrize(("weight", "most"), [(40, 2), (100, 1), (500, 1), (10, 5)])
def test_the_memory_of_decoded_images_is_bounded(weight: float, most: int) -> None:
    together = 0

    async def take() -> None:
        room, inside = Room(100), 0

        async def hold() -> None:
            nonlocal together, inside
            async with room.take(weight):
                inside += 1
                together = max(together, inside)
                await asyncio.sleep(0.001)
                inside -= 1

        await asyncio.gather(*(hold() for _ in range(5)))

    asyncio.run(take())
    assert together == most


def test_items_are_read_ahead_in_order_and_end_when_stopped() -> None:
    seen: list[int] = []

    def count() -> Generator[int, None, None]:
        try:
            for number in range(9):
                seen.append(number)
                yield number
        finally:
            seen.append(-1)

    items = ReadAhead(count())
    items.fill(3)
    assert seen == [0, 1, 2]
    assert [next(items) for _ in range(4)] == [0, 1, 2, 3]  # the last one is read at once
    items.fill(2)
    items.stop()
    items.fill(9)
    assert list(items) == [4, 5]
    items.close()
    assert seen == [0, 1, 2, 3, 4, 5, -1]
