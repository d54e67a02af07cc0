from __future__ import annotations

import pytest

from ferkit.evaluation.formatting import format_duration, format_interval, format_value


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(4.04, "4.0 s"), (95, "1 min 35 s"), (59.96, "1 min 0 s"), (3600, "1 h 0 min"), (7265, "2 h 1 min")],
)
def test_durations_are_told_in_two_units(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


def test_shares_are_percent_and_losses_are_not() -> None:
    assert format_value("macro_f1", 0.12345) == "12.35%"
    assert format_value("nll", 1.23456) == "1.235"
    assert format_interval([0.4694, 0.5546]) == "46.9 to 55.5%"
