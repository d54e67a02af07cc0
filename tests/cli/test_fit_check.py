"""`ferkit fit-check` as it is typed."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ferkit.bench.batch_probe import ProbedSize, _expected
from ferkit.cli import main
from ferkit.neural.loop import Training
from tests.experiment.test_run import recipe

pytestmark = pytest.mark.slow

FitCheck = Callable[..., tuple[int, str, str]]

__all__ = ["recipe"]


@pytest.fixture
def fit_check(recipe: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> FitCheck:
    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ferkit", "fit-check", str(recipe), *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        written = capsys.readouterr()
        return int(caught.value.code or 0), written.out, written.err

    return call


def test_both_checks_are_shown_and_written(fit_check: FitCheck, tmp_path: Path) -> None:
    status, shown, said = fit_check("--steps", "30", "--max-batch", "8", "--out", tmp_path / "out")
    assert (status, said) == (0, "")
    assert "Largest batch size that fits: 8" in shown
    assert "Suggestion: --set fit.optimizer.lr=" in shown
    with (tmp_path / "out" / "lr_range.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    rates = [float(row["lr"]) for row in rows]
    assert rates[0] == pytest.approx(1e-6)
    assert rates == sorted(rates)
    assert (tmp_path / "out" / "lr_range.png").stat().st_size > 1000
    assert not list(tmp_path.rglob("metrics.jsonl"))


def test_a_rate_that_diverges_ends_the_test(fit_check: FitCheck) -> None:
    options = ("--max-batch", "0", "--low", "1e-3", "--high", "1e9", "--steps", "60")
    status, shown, _ = fit_check(*options, "--set", "fit.optimizer.name=sgd")
    assert status == 0
    assert "diverged" in shown


def test_the_memory_limit_ends_the_probe(fit_check: FitCheck) -> None:
    status, shown, _ = fit_check("--steps", "0", "--memory", "0.001", "--max-batch", "64")
    assert status == 0
    assert "would need" in shown
    assert "Memory limit: 0.0 GiB" in shown


def test_a_size_that_is_out_of_memory_ends_the_probe(
    fit_check: FitCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    step_on = Training.step_on

    def fill(training: Training, images: Tensor, targets: Tensor) -> None:
        if len(images) > 4:
            raise torch.cuda.OutOfMemoryError
        step_on(training, images, targets)

    monkeypatch.setattr(Training, "step_on", fill)
    _, shown, _ = fit_check("--steps", "0", "--max-batch", "64")
    assert "Largest batch size that fits: 4" in shown
    assert "8 images are out of memory" in shown


def test_a_schedule_with_a_last_step_does_not_end_the_probe(fit_check: FitCheck) -> None:
    schedule = ("--set", 'fit.schedule={name="one_cycle"}', "--set", "fit.epochs=2")
    status, shown, said = fit_check("--steps", "0", "--max-batch", "32", *schedule)
    assert not said
    assert status == 0
    assert "Largest batch size that fits: 32" in shown


def test_the_expected_memory_grows_with_the_images() -> None:
    sizes = [ProbedSize(2, 1.0, 100), ProbedSize(4, 1.0, 120)]
    assert _expected(sizes) == 160  # 80 and 10 for each of 8 images
    assert _expected([]) == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--low", "1", "--high", "0.1"), "--low"),
        (("--steps", "3"), "--steps"),
        (("--max-batch", "1"), "--max-batch"),
        (("--memory", "0"), "--memory"),
        (("--steps", "0", "--max-batch", "0"), "both 0"),
    ],
)
def test_impossible_options_are_refused(fit_check: FitCheck, options: tuple[str, ...], told: str) -> None:
    status, _, said = fit_check(*options)
    assert status == 1
    assert told in said


def test_an_estimator_without_a_network_is_refused(fit_check: FitCheck) -> None:
    status, _, said = fit_check("--set", 'estimator={name="majority"}')
    assert status == 1
    assert "uses no network" in said
