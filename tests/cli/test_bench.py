"""`ferkit bench` as it is typed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ferkit.bench.record import read_record
from ferkit.cli import main

pytestmark = pytest.mark.slow

Bench = Callable[..., tuple[int, str, str]]
TINY = ["--set", 'plugins=["tests.plugins_for_tests.tiny_plugin"]', "--backbone", "tiny", "--head", "mute"]
QUICK = [*TINY, "--image-size", "32", "--drawn-size", "64", "--batch-size", "2", "--repeats", "5"]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bench:
    """Gives the status, and what was written to standard output and to standard error."""
    monkeypatch.setattr("ferkit.bench.peak.SIDES", {"cpu": (64,)})

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ferkit", "bench", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        written = capsys.readouterr()
        return int(caught.value.code or 0), written.out, written.err

    return call


def test_stages_are_shown_kept_and_compared(bench: Bench, tmp_path: Path) -> None:
    stages = [*QUICK, "--stages", "decode,backbone", "--precision", "float32", "--device", "cpu"]
    status, shown, said = bench(*stages, "--out", tmp_path / "old.json")
    assert (status, said) == (0, "")
    assert "backbone tiny; head mute" in shown
    assert "device cpu; precision float32; compile off; image_size 32" in shown
    record = read_record(tmp_path / "old.json")
    assert [one.case["stage"] for one in record.measurements] == ["matmul", "decode", "backbone"]
    assert {len(one.seconds) for one in record.measurements} == {5}
    status, shown, said = bench(*stages, "--compare", tmp_path / "old.json")
    assert (status, said) == (0, "")
    assert "times as fast" in shown


def test_another_setting_is_compared_only_if_asked_for(bench: Bench, tmp_path: Path) -> None:
    bench(*QUICK, "--stages", "decode", "--precision", "float32", "--out", tmp_path / "old.json")
    other = [*QUICK, "--stages", "decode", "--precision", "bfloat16", "--compare", tmp_path / "old.json"]
    status, _, said = bench(*other)
    assert (status, "precision: float32 before, bfloat16 now" in said) == (1, True)
    status, shown, _ = bench(*other, "--force")
    assert (status, "note: not the same: precision: float32 before, bfloat16 now" in shown) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--stages", "sleep"], 1, "--stages: expected decode"),
        (["--batch-size", "many"], 1, "--batch-size: expected whole numbers"),
        (["--precision", "tf32", "--device", "cpu"], 1, "a CPU has no tf32"),
        (["--device", "cuda:7"], 1, "torch sees"),
        (["--compare", "none.json"], 1, "Cannot read none.json: expected a file from `ferkit bench --out`"),
        (["--images", "nowhere"], 1, "--images: folder nowhere does not exist"),
        (["--backbone", "resnet"], 2, "model.backbone.name: no backbone is called 'resnet'"),
    ],
)
def test_what_can_not_be_measured_is_told_at_once(
    bench: Bench, arguments: list[str], status: int, message: str
) -> None:
    answer, _, said = bench(*arguments)
    assert (answer, message in said) == (status, True), said


def test_the_recipes_own_data_can_not_be_set(bench: Bench) -> None:
    status, _, said = bench(*QUICK, "--set", "data.image_size=64")
    assert status == 2
    assert "data.image_size=64 would change nothing" in said
    assert "--drawn-size" in said


def test_a_record_that_can_not_be_written_stops_it_before_anything_is_measured(
    bench: Bench, tmp_path: Path
) -> None:
    status, shown, said = bench(*QUICK, "--stages", "decode", "--out", tmp_path)
    assert (status, shown) == (1, "")
    assert "Give another --out" in said
