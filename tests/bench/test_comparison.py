"""Two records: compared where they may be, refused where not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferkit.bench.comparison import compare_records
from ferkit.bench.record import Measurement
from ferkit.errors import DataError
from tests.bench.made_up import MACHINE, measured, noisy, record_of

SLOW = record_of(measured("decode", noisy(1.2)), measured("head", noisy(1.0)))
FAST = record_of(measured("decode", noisy(1.0, seed=1)), measured("head", noisy(1.0, seed=2)))


def test_each_case_of_both_has_its_verdict() -> None:
    found = compare_records(SLOW, FAST)
    assert [row.speed_up.verdict for row in found.rows] == ["faster", "no difference shown"]
    assert found.notes == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"machine": {**MACHINE, "threads": 1}}, "threads: 2 before, 1 now"),
        ({"machine": {**MACHINE, "gpu": "H100"}}, "gpu: not recorded before, H100 now"),
        (
            {"setting": {"backbone": "large", "precision": "float32"}},
            "backbone: tiny before, large now",
        ),
        ({"setting": {"backbone": "tiny"}}, "precision: float32 before, not recorded now"),
    ],
)
def test_what_was_measured_otherwise_is_refused_unless_told_to(
    changes: dict[str, dict[str, object]], told: str
) -> None:
    other = replace(FAST, **changes)
    with pytest.raises(DataError) as raised:
        compare_records(SLOW, other)
    assert told in str(raised.value)
    assert "--force" in str(raised.value)
    found = compare_records(SLOW, other, is_forced=True)
    assert found.notes == [f"not the same: {told}"]
    assert len(found.rows) == 2


def test_other_versions_are_compared_and_told() -> None:
    found = compare_records(SLOW, replace(FAST, versions={"torch": "3.0"}))
    assert found.notes == ["not the same: torch: 2.0 before, 3.0 now"]


def test_cases_that_only_one_has_are_told() -> None:
    found = compare_records(SLOW, record_of(measured("decode", [1.0] * 5), measured("crop", [1.0] * 5)))
    assert found.notes == [
        "only in the old record: head, batch 8",
        "only in the new record: crop, batch 8",
    ]


@pytest.mark.parametrize("is_forced", [True, False])
def test_no_case_in_common_is_refused_whatever_was_asked(is_forced: bool) -> None:
    with pytest.raises(DataError, match=r"no case in common\. The old one has decode, batch 8; head"):
        compare_records(SLOW, record_of(measured("crop", [1.0])), is_forced)


def test_a_machine_at_another_speed_is_told() -> None:
    def with_matmul(seconds: float) -> Measurement:
        return Measurement({"stage": "matmul", "side": 1024}, noisy(seconds, 0.01), 0)

    old, new = record_of(with_matmul(1.0)), record_of(with_matmul(1.5))
    (note,) = compare_records(old, new).notes
    assert note.startswith("matmul, side 1024 took 1.50 times as long as before")
    assert compare_records(old, record_of(with_matmul(1.02))).notes == []
