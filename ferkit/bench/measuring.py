"""Cases timed in turns, after a warm-up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ferkit.bench.memory import MemoryMeter
from ferkit.bench.record import Measurement
from ferkit.bench.timers import Timer

REFERENCE = "matmul"
"""The stage whose speed depends on the machine alone."""
WARM_UP = 2
FEWEST = 5
"""Rounds that are measured however long they take: fewer say nothing about the noise."""

Key = Mapping[str, str | int]


def _nothing() -> None:
    """No preparation."""


@dataclass(frozen=True, slots=True)
class Case:
    """Something to be timed: `call` is one call, with everything ready for it.

    key: what tells it from the others; images: that the call goes through; flops: of it, where they are
    counted; prepare: called before each timed call, and not timed itself.
    """

    key: Key
    call: Callable[[], object]
    images: int = 1
    flops: int | None = None
    prepare: Callable[[], object] = _nothing


@dataclass(slots=True)
class Effort:
    """How much is measured.

    rounds: calls of each case that are timed; seconds: after which no further round begins, once there are 5.
    """

    rounds: int = 50
    seconds: float = 60.0
    warm_up: int = WARM_UP


@dataclass(slots=True)
class Outcome:
    """measurements: in the cases' order; missing: (case, reason) of those that failed in the warm-up."""

    measurements: list[Measurement] = field(default_factory=list)
    missing: list[tuple[Key, str]] = field(default_factory=list)


def measure(
    cases: Sequence[Case],
    timer: Timer,
    make_meter: Callable[[], MemoryMeter],
    effort: Effort,
    progress: Callable[[str], object] = lambda _: None,
) -> Outcome:
    """Warm each case up, watching its memory; then round by round, each case once in every round.

    What else the machine does meanwhile then strikes all cases alike. A case that fails in its warm-up is
    noted and left out; one that fails later ends the measuring.
    """
    outcome = Outcome()
    ready, peaks = [], []
    for case in cases:
        progress(f"warming up: {' '.join(str(value) for value in case.key.values())}")
        peak, reason = _warm_up(case, make_meter(), effort.warm_up)
        if reason:
            outcome.missing.append((case.key, reason))
        else:
            ready.append(case)
            peaks.append(peak)
    rounds = _rounds(ready, timer, effort, progress)
    for case, peak, seconds in zip(ready, peaks, zip(*rounds, strict=True), strict=False):
        measured = Measurement(dict(case.key), list(seconds), case.images, peak, case.flops)
        outcome.measurements.append(measured)
    return outcome


def _warm_up(case: Case, meter: MemoryMeter, calls: int) -> tuple[int | None, str]:
    """The peak of its memory, and why it can't be measured, if so."""
    try:
        with meter:
            case.prepare()
            for _ in range(max(calls, 1)):
                case.call()
    except Exception as error:
        lines = str(error).strip().splitlines()
        return None, f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return meter.peak, ""


def _rounds(
    cases: Sequence[Case], timer: Timer, effort: Effort, progress: Callable[[str], object]
) -> list[list[float]]:
    """Seconds by round and case."""
    rounds: list[list[float]] = []
    started = time.perf_counter()
    while cases and len(rounds) < effort.rounds:
        if len(rounds) >= FEWEST and time.perf_counter() - started > effort.seconds:
            break
        progress(f"round {len(rounds) + 1} of at most {effort.rounds}")
        rounds.append([_time(case, timer) for case in cases])
    return rounds


def _time(case: Case, timer: Timer) -> float:
    case.prepare()
    return timer(case.call)


def find_peak(measurements: Sequence[Measurement], precision: str | int | None = None) -> float | None:
    """FLOP/s of the fastest matrix multiplication, by its median; None where none was measured.

    precision: of the cases that are looked at, where the record has several.
    """
    products = [one for one in measurements if one.case.get("stage") == REFERENCE and one.flops]
    rates = [
        one.flops / one.median for one in products if one.case.get("precision") == precision and one.flops
    ]
    return max(rates, default=None)


def share_of_peak(measurements: Sequence[Measurement]) -> list[Measurement]:
    """The same, with their shares of the peak in their own precision where their operations are counted."""
    shared = []
    for one in measurements:
        peak = find_peak(measurements, one.case.get("precision"))
        is_counted = one.flops and peak and one.case.get("stage") != REFERENCE
        share = one.flops / one.median / peak if is_counted and one.flops and peak else None
        shared.append(replace(one, peak_share=share))
    return shared
