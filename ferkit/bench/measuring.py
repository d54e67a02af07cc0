"""Timing of cases in turns, after a warm-up."""

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
"""Minimum number of rounds, however long they take, to estimate the noise."""

Key = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Case:
    """A call to be timed.

    Attributes:
        key: Identifies the case among the others.
        call: One call, with everything prepared for it.
        images: Number of images per call.
        flops: Floating-point operations per call, if counted.
        prepare: Called before each timed call, untimed.
    """

    key: Key
    call: Callable[[], object]
    images: int = 1
    flops: int | None = None
    prepare: Callable[[], object] = lambda: None


@dataclass(slots=True)
class Effort:
    """Amount of measuring.

    Attributes:
        rounds: Maximum number of timed calls per case.
        seconds: No round starts after this time, once there are 5.
        warm_up: Untimed calls before.
    """

    rounds: int = 50
    seconds: float = 60.0
    warm_up: int = WARM_UP


@dataclass(slots=True)
class Outcome:
    """The measurements in the order of the cases, and (case, reason) of those that failed in the warm-up."""

    measurements: list[Measurement] = field(default_factory=list)
    missing: list[tuple[Key, str]] = field(default_factory=list)


def measure(
    cases: Sequence[Case],
    timer: Timer,
    make_meter: Callable[[], MemoryMeter],
    effort: Effort,
    progress: Callable[[str], object] = lambda _: None,
) -> Outcome:
    """Warm up each case and measure its memory, then time each case once per round.

    Other load on the machine then affects all cases alike. A case that fails in its warm-up is skipped and
    noted. A later failure is raised.
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
    outcome.measurements = [
        Measurement(dict(case.key), list(seconds), case.images, peak, case.flops)
        for case, peak, seconds in zip(ready, peaks, zip(*rounds, strict=True), strict=False)
    ]
    return outcome


def _warm_up(case: Case, meter: MemoryMeter, calls: int) -> tuple[int | None, str]:
    """Return the peak memory, and the reason if the case fails."""
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
    """Return the seconds by round and case."""
    rounds: list[list[float]] = []
    started = time.perf_counter()
    while cases and len(rounds) < effort.rounds:
        if len(rounds) >= FEWEST and time.perf_counter() - started > effort.seconds:
            break
        progress(f"round {len(rounds) + 1} of at most {effort.rounds}")
        seconds = []
        for case in cases:
            case.prepare()
            seconds.append(timer(case.call))
        rounds.append(seconds)
    return rounds


def find_peak(measurements: Sequence[Measurement], precision: str | int | None = None) -> float | None:
    """Return the median FLOP/s of the fastest matrix multiplication, or None.

    Args:
        measurements: All measurements of a record.
        precision: The precision in the key of the cases, if the record has several.
    """
    alike = [one for one in measurements if one.case.get("precision") == precision]
    products = [one for one in alike if one.case.get("stage") == REFERENCE]
    return max((one.flops / one.median for one in products if one.flops), default=None)


def share_of_peak(measurements: Sequence[Measurement]) -> list[Measurement]:
    """Add to each measurement with counted operations its fraction of the peak in its precision."""
    shared = []
    for one in measurements:
        peak = find_peak(measurements, one.case.get("precision"))
        if one.flops and peak and one.case.get("stage") != REFERENCE:
            one = replace(one, peak_share=one.flops / one.median / peak)
        shared.append(one)
    return shared
