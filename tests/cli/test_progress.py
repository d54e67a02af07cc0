"""What a run shows while it goes on."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.progress import MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bars

from ferkit.cli.progress import PlainProgress, TerminalProgress, watch
from ferkit.cli.run import count_epochs
from ferkit.evaluation.metrics.scores import score
from ferkit.evaluation.protocol import Fold
from ferkit.experiment.epoch_rows import epoch_values
from ferkit.interfaces import Epoch
from ferkit.neural.loop import BatchReport
from ferkit.recipe.load import load_recipe

SCORES = score(["anger"], np.array([[1.0, 0.0]]), ["anger", "fear"])
FOLD = Fold(0, 1, np.arange(3), np.arange(3))
EPOCH = Epoch(2, 0.51234, 0.75, 1.25, np.zeros((1, 2)), 1e-3, 3.21)


def test_without_a_terminal_each_epoch_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with watch(epochs=3) as progress:
        assert type(progress) is PlainProgress
        progress.begin_fold(FOLD, 2, 4)
        progress.batch(BatchReport(2, 1, 5, 0.5, 0.5))
        progress.epoch(EPOCH, replace(SCORES, accuracy=0.625))
    assert capsys.readouterr().out == (
        "repeat 1, fold 2 (2 of 4), epoch 2 of 3: training loss 0.5123, accuracy 75.00%; "
        "test loss 1.2500, accuracy 62.50% (3.2 s)\n"
    )


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        ("", (18, False)),
        ('estimator={name="majority"}', (1, False)),
        ('estimator={name="seeing"}', (18, True)),
        ('estimator={name="patient"}', (1, False)),
        ('estimator={name="telling", source={name="squares", root="x"}}', (2, False)),
        ('estimator={name="telling", source={name="squares", root="x"}, epochs=5}', (5, False)),
    ],
)
def test_epochs_are_the_networks_or_the_estimators_own(estimator: str, expected: tuple[int, bool]) -> None:
    overrides = ['plugins=["tests.plugins_for_tests.tiny_plugin"]', *([estimator] if estimator else [])]
    assert count_epochs(*load_recipe("quickstart", overrides)) == expected


def test_a_network_inside_an_estimator_counts_no_epochs_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    progress = PlainProgress(24, is_wrapped=True)
    progress.epoch(EPOCH, SCORES)
    assert ", epoch 2: training loss" in capsys.readouterr().out


def test_faces_are_told_every_hundred_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    progress = PlainProgress(1)
    for done in (*range(16, 240, 16), 240):
        progress.faces(done, 240)
    assert capsys.readouterr().out.splitlines() == [
        "faces: 112 of 240 images",
        "faces: 224 of 240 images",
        "faces: 240 of 240 images",
    ]


def test_on_a_terminal_there_are_bars_for_the_run_and_the_epoch() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with Bars(TextColumn("{task.description}"), MofNCompleteColumn(), console=console) as bars:
        progress = TerminalProgress(3, console, bars)
        progress.begin_fold(FOLD, 2, 4)
        progress.batch(BatchReport(2, 1, 5, 0.5, 0.25))
        progress.note("[red] is no markup")
        run_task, epoch_task = (bars.tasks[index] for index in (1, 2))
        # One fold of three epochs is done, one epoch of this one, and one batch of five of the next.
        assert (run_task.completed, run_task.total) == (3 * 5 + 5 + 1, 4 * 3 * 5)
        assert (epoch_task.completed, epoch_task.total) == (1, 5)
        assert epoch_task.description == "epoch 2: loss 0.500, accuracy 25.0%"
    assert "[red] is no markup" in console.file.getvalue()


def test_parts_that_run_at_once_have_a_bar_each() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    with Bars(TextColumn("{task.description}"), MofNCompleteColumn(), console=console) as bars:
        progress = TerminalProgress(3, console, bars)
        progress.begin_part("repeat0_fold0", "repeat 1, fold 1")
        for _ in range(2):  # the second time in another process
            progress.begin_part("repeat0_fold1", "repeat 1, fold 2")
        row = epoch_values(EPOCH, replace(SCORES, accuracy=0.625), "test")
        progress.part_epoch("repeat0_fold1", FOLD, 2, 4, row)
        first, second = bars.tasks[-2:]
        assert (first.description, first.completed, first.total) == ("repeat 1, fold 1", 0, 3)
        assert second.description == "repeat 1, fold 2 (2 of 4): accuracy 62.5%"
        assert (second.completed, second.total) == (2, 3)
        progress.end_part("repeat0_fold1", Path(), [])
        progress.end_part("unknown", Path(), [])
        assert bars.tasks[-1] is first
    assert "repeat 1, fold 2 (2 of 4), epoch 2 of 3: training loss 0.5123" in console.file.getvalue()


def test_a_refit_has_no_validation_scores(capsys: pytest.CaptureFixture[str]) -> None:
    progress = PlainProgress(9)
    progress.begin_refit(24, 3)
    progress.refit_epoch(EPOCH)
    assert capsys.readouterr().out == (
        "refit on all 24 images, epoch 2 of 3: training loss 0.5123, accuracy 75.00% (3.2 s)\n"
    )


def test_the_bar_of_a_refit_counts_its_own_epochs() -> None:
    with Bars(MofNCompleteColumn(), console=Console(file=io.StringIO())) as bars:
        progress = TerminalProgress(9, bars.console, bars)
        progress.begin_fold(FOLD, 2, 4)
        progress.begin_refit(24, 3)
        progress.batch(BatchReport(2, 1, 5, 0.5, 0.5))
        task = bars.tasks[progress.run_task]
        assert (task.completed, task.total) == (6, 15)
        assert task.description == "refit on all 24 images"
