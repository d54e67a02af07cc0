"""Cases timed in turns."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferkit.bench.measuring import Case, Effort, find_peak, measure, share_of_peak
from ferkit.bench.memory import MemoryMeter
from ferkit.bench.record import Measurement
from ferkit.errors import ComponentError


class Clock:
    """A timer whose calls take as long as it is told, by their number."""

    def __init__(self, seconds: Callable[[int], float] = lambda call: 0.5) -> None:
        self.seconds = seconds
        self.calls = 0

    def __call__(self, call: Callable[[], object]) -> float:
        call()
        self.calls += 1
        return self.seconds(self.calls)


def fail() -> None:
    raise ComponentError("too small\nin many words")


def test_cases_take_turns_after_their_warm_up() -> None:
    said: list[str] = []
    cases = [
        Case({"stage": name}, lambda name=name: said.append(name), prepare=lambda: said.append("ready"))
        for name in ("a", "b")
    ]
    outcome = measure(cases, Clock(float), MemoryMeter, Effort(rounds=2, seconds=60, warm_up=1))
    turn = ["ready", "a", "ready", "b"]
    assert said == [*turn, *turn, *turn]
    assert [list(one.seconds) for one in outcome.measurements] == [[1.0, 3.0], [2.0, 4.0]]


def test_a_case_that_fails_is_told_and_the_others_are_measured() -> None:
    cases = [Case({"stage": "bad"}, fail), Case({"stage": "good"}, list)]
    outcome = measure(cases, Clock(), MemoryMeter, Effort(rounds=3))
    assert outcome.missing == [({"stage": "bad"}, "ComponentError: too small")]
    assert [one.case for one in outcome.measurements] == [{"stage": "good"}]


def test_nothing_that_works_is_no_measurement() -> None:
    assert measure([Case({"stage": "bad"}, fail)], Clock(), MemoryMeter, Effort()).measurements == []


def test_however_little_time_there_is_five_rounds_are_made() -> None:
    outcome = measure([Case({"stage": "a"}, list)], Clock(), MemoryMeter, Effort(rounds=50, seconds=1e-9))
    assert len(outcome.measurements[0].seconds) == 5


def product(gigaflops: float, side: int, **key: str | int) -> Measurement:
    return Measurement({"stage": "matmul", "side": side, **key}, [1.0], 0, flops=int(gigaflops * 1e9))


def test_the_share_of_the_peak_is_that_of_the_same_precision() -> None:
    lower = {"precision": "bfloat16"}
    backbone = Measurement({"stage": "backbone", **lower}, [2.0], 8, flops=int(100e9))
    measured = [product(10, 1024), product(80, 1024, **lower), product(100, 2048, **lower), backbone]
    assert find_peak(measured) == 10e9
    assert [one.peak_share for one in share_of_peak(measured)] == [None, None, None, pytest.approx(0.5)]


def test_without_a_peak_there_is_no_share() -> None:
    (shared,) = share_of_peak([Measurement({"stage": "backbone"}, [2.0], 8, flops=10)])
    assert shared.peak_share is None
