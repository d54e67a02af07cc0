"""What waiting for images comes to. No time is judged but one that is slept."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from benchmarks.timed_epochs import Waiting


def test_only_the_time_until_a_batch_is_there_is_waiting() -> None:
    def slowly(batches: Iterable[int]) -> Iterator[int]:
        for batch in batches:
            time.sleep(0.02)
            yield batch

    waiting = Waiting(slowly)
    seen = []
    for batch in waiting([1, 2, 3]):
        seen.append(batch)
        time.sleep(0.2)
    assert seen == [1, 2, 3]
    assert 0.06 <= waiting.seconds < 0.6
