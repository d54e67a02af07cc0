"""What may be asked for."""

from __future__ import annotations

from typing import Any

import pytest

from ferkit.bench.plan import STAGES, Plan, split_list, split_numbers
from ferkit.bench.stages import STAGES as CALLS
from ferkit.cli.bench import STAGES as TYPED
from ferkit.errors import RunError


def test_every_stage_that_can_be_asked_for_can_be_called() -> None:
    assert tuple(CALLS) == STAGES
    assert TYPED.split(",") == list(STAGES)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"stages": ["decode", "sleep"]}, r"--stages: expected decode, .*; got 'sleep'"),
        ({"compile_mode": "fast"}, "--compile: expected off, default"),
        ({"precision": "int8"}, "--precision: expected auto, float32"),
        ({"batch_sizes": []}, "--batch-size: expected whole numbers from 1"),
        ({"batch_sizes": [0]}, "--batch-size: expected whole numbers from 1"),
        ({"rounds": 0}, "--repeats and --seconds"),
        ({"seconds": 0.0}, "--repeats and --seconds"),
    ],
)
def test_what_can_not_be_measured_is_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(RunError, match=problem):
        Plan(**options)


def test_lists_are_written_with_commas() -> None:
    assert split_list("decode, head,", "--stages") == ["decode", "head"]
    assert split_numbers("1, 8", "--batch-size") == [1, 8]


@pytest.mark.parametrize("text", ["", "one", "1;2", "-1", "1.5"])
def test_what_is_no_number_names_the_option(text: str) -> None:
    with pytest.raises(RunError, match="--batch-size: expected whole numbers"):
        split_numbers(text, "--batch-size")
