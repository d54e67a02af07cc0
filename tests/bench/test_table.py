"""What stands on the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from ferkit.bench.comparison import compare_records
from ferkit.bench.delivery import deliver
from ferkit.bench.record import Measurement, Record, read_record
from ferkit.bench.table import format_seconds, show_comparison, show_record
from ferkit.errors import DataError
from tests.bench.made_up import MACHINE, measured, noisy, record_of


def shown(thing: object) -> list[str]:
    console = Console(width=160)
    with console.capture() as capture:
        console.print(thing)
    return [line.rstrip() for line in capture.get().splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(12.345, "12.3 s"), (1.0, "1 s"), (0.0123456, "12.3 ms"), (4.56e-5, "45.6 µs"), (1e-8, "0.01 µs")],
)
def test_times_have_three_digits_and_a_unit(seconds: float, words: str) -> None:
    assert format_seconds(seconds) == words


def test_a_row_says_how_fast_how_steady_how_large_and_how_near_the_peak() -> None:
    record = record_of(
        Measurement({"stage": "matmul", "side": 64}, [0.01], 0, flops=10**9),
        measured("backbone", [0.1] * 5, peak_memory=3 * 2**20, peak_share=0.84),
        measured("decode", [0.2] * 5),
        missing=[({"stage": "head", "batch": 8}, "the recipe has [none]")],
        warnings=["The machine was busy"],
        facts={"ratio": 1.5},
    )
    lines = shown(show_record(record))
    assert lines[0] == "one; 2 cores, 2 threads; clock policy unknown"
    rows = [" ".join(line.split()) for line in lines]
    assert "backbone 8 80 100 ms 100 ms 100 ms 3 MiB 84%" in rows
    assert "decode 8 40 200 ms 200 ms 200 ms" in rows
    assert lines[-5:] == [
        "5 calls per case, in turns, after a warm-up; memory: peak, with everything loaded for it",
        "peak of the machine in matrix multiplication, float32: 100 GFLOP/s",
        "not measured: head, batch 8: the recipe has [none]",
        "note: The machine was busy",
        "ratio: 1.5",
    ]


def test_a_gpu_and_its_clock_policy_are_named() -> None:
    record = record_of(machine={**MACHINE, "gpu": "H100", "clock": "performance"})
    assert shown(show_record(record))[0] == "one, H100; 2 cores, 2 threads; clock policy performance"


def test_a_comparison_has_both_times_the_interval_and_the_verdict() -> None:
    old = record_of(measured("decode", [0.2] * 9))
    new = record_of(measured("decode", [0.1] * 9), versions={"torch": "3"})
    lines = shown(show_comparison(compare_records(old, new)))
    words = " ".join(lines[-2].split())
    assert words == "decode, batch 8 200 ms 100 ms 2.00 2.00 to 2.00 faster"
    assert lines[-1] == "note: not the same: torch: 2.0 before, 3 now"


def test_what_was_measured_is_kept_even_where_the_comparison_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new, old = record_of(measured("decode", noisy(1))), record_of(measured("crop", noisy(1)))
    with pytest.raises(DataError, match="no case in common"):
        deliver(new, tmp_path / "new.json", old)
    assert read_record(tmp_path / "new.json").measurements == new.measurements
    assert f"written: {tmp_path}/new.json" in capsys.readouterr().out.replace("\n", "")


def test_a_record_of_nothing_is_shown() -> None:
    empty: Record = record_of()
    assert shown(show_record(empty))[0].startswith("one")
