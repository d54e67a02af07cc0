"""The verdict: it sees a true difference, and none in noise."""

from __future__ import annotations

import pytest

from ferkit.bench.ratio import SpeedUp, compare_rounds, compare_runs
from tests.bench.made_up import noisy

TRIALS = 60


def test_a_fifth_faster_is_called_faster_and_its_opposite_slower() -> None:
    for seed in range(TRIALS):
        old, new = noisy(1.2, seed=seed), noisy(1.0, seed=seed + 1000)
        assert compare_runs(old, new).verdict == "faster"
        assert compare_runs(new, old).verdict == "slower"


def test_noise_alone_shows_no_difference() -> None:
    verdicts = [
        compare_runs(noisy(1.0, 0.2, seed=seed), noisy(1.0, 0.2, seed=seed + 1000)).verdict
        for seed in range(TRIALS)
    ]
    assert verdicts.count("no difference shown") >= 0.95 * TRIALS


def test_the_interval_holds_the_true_ratio_nineteen_times_of_twenty() -> None:
    found = [
        compare_runs(noisy(1.2, 0.1, seed=seed), noisy(1.0, 0.1, seed=seed + 1000)) for seed in range(TRIALS)
    ]
    assert sum(one.low <= 1.2 <= one.high for one in found) >= 0.88 * TRIALS


def test_turns_show_what_a_drifting_machine_would_hide() -> None:
    drift = [1.0 + round_ / 10 for round_ in range(30)]
    old = [1.2 * slower for slower in drift]
    assert compare_runs(old, drift).verdict == "no difference shown"
    assert compare_rounds(old, drift) == SpeedUp(pytest.approx(1.2), pytest.approx(1.2), pytest.approx(1.2))


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.06, 1.3, "faster"),
        (1.04, 1.3, "no difference shown"),
        (0.9, 1.1, "no difference shown"),
        (0.7, 0.94, "slower"),
        (0.7, 0.96, "no difference shown"),
    ],
)
def test_the_whole_interval_must_lie_beyond_the_margin(low: float, high: float, verdict: str) -> None:
    assert SpeedUp(1.0, low, high).verdict == verdict


@pytest.mark.parametrize("count", [1, 2, 4])
def test_from_a_few_times_no_verdict_is_made(count: int) -> None:
    for compare in (compare_runs, compare_rounds):
        found = compare([1.0] * count, [0.5] * count)
        assert found.ratio == 2
        assert found.verdict == "no difference shown"
        assert found.interval == "none: fewer than 5 times"


def test_the_same_times_give_the_same_interval() -> None:
    old, new = noisy(1.0), noisy(1.1, seed=1)
    assert compare_runs(old, new) == compare_runs(old, new)
