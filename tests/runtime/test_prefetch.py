"""Reading ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ferkit.runtime.prefetch import THREADS, iterate_ahead, map_ahead


def count_begun(limit: int = 100) -> tuple[list[int], Iterator[int]]:
    begun: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(limit):
            begun.append(number)
            yield number

    return begun, numbers()


def test_results_come_in_the_order_of_what_was_given() -> None:
    first = threading.Event()

    def make(number: int) -> int:
        if number == 0:
            first.wait(5)  # the second is done before the first
        else:
            first.set()
        return number * number

    assert list(map_ahead(make, range(20), ahead=8, room=1e9, weigh=float)) == [n * n for n in range(20)]


def test_no_more_are_begun_than_may_wait() -> None:
    begun, numbers = count_begun()
    made = map_ahead(lambda one: one, numbers, ahead=5, room=1e9, weigh=lambda _: 1.0)
    for expected in range(60):
        assert next(made) == expected
        assert len(begun) <= expected + 5
    assert len(begun) == 64  # light ones: all that may
    made.close()


def test_where_what_waits_is_heavy_none_is_begun_beside_it() -> None:
    begun, numbers = count_begun(20)
    made = map_ahead(lambda one: one, numbers, ahead=16, room=10, weigh=lambda _: 11.0)
    for expected in range(20):
        assert next(made) == expected
        assert len(begun) <= max(expected + 1, THREADS)
    assert next(made, None) is None


def test_before_any_weight_is_known_no_more_are_begun_than_there_are_threads() -> None:
    begun, numbers = count_begun()
    go_on = threading.Event()

    def make(number: int) -> int:
        go_on.wait(5)
        return number

    made = map_ahead(make, numbers, ahead=16, room=10, weigh=lambda _: 11.0)
    threading.Timer(0.2, go_on.set).start()
    assert next(made) == 0
    assert len(begun) == THREADS
    made.close()


def test_an_exception_comes_in_its_turn() -> None:
    def fail_at_two(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    made = map_ahead(fail_at_two, range(5), ahead=4, room=1e9, weigh=float)
    assert [next(made), next(made)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(made)


def test_an_iterator_goes_on_in_a_thread_by_so_many_and_no_more() -> None:
    begun, numbers = count_begun()
    made = iterate_ahead(numbers, 3)
    assert next(made) == 0
    for _ in range(200):
        if len(begun) >= 4:
            break
        threading.Event().wait(0.01)
    assert len(begun) == 4  # one is used, three wait
    made.close()
    assert all(not one.name.startswith("ferkit-ahead") for one in threading.enumerate())


def test_an_iterator_is_closed_in_its_own_thread_when_nobody_asks_any_more() -> None:
    closed: list[str] = []

    def numbers() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.current_thread().name)

    made = iterate_ahead(numbers(), 2)
    next(made)
    made.close()
    assert closed == ["ferkit-ahead_0"]


def test_an_iterators_end_and_its_exception_come_after_what_it_gave() -> None:
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    assert list(iterate_ahead(range(5), 2)) == [0, 1, 2, 3, 4]
    made = iterate_ahead(numbers(), 2)
    assert next(made) == 1
    with pytest.raises(ValueError, match="broken"):
        next(made)
