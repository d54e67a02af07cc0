"""`ferkit check` as it is typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

RECIPE = """
name = "small"
plugins = ["tests.plugins_for_tests.parts_plugin"]
data = { name = "folder", root = "." }
detector = { name = "odd" }
loss = { name = "counting" }

[model]
backbone = { name = "pretrained" }
head = { name = "pooling" }
output = { name = "anything" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "small.toml"
    file.write_text(RECIPE)
    return file


def check(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ferkit", "check", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_a_recipe_without_problem_shows_what_it_would_use(file: Path) -> None:
    answer = check(file)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.splitlines() == [
        "small: no problem found",
        "  folder -> odd -> pretrained -> pooling -> anything, loss counting",
    ]


def test_an_estimator_stands_for_the_whole_network(file: Path) -> None:
    answer = check(file, "--set", 'estimator={ name = "constant" }')
    assert answer.stdout.splitlines()[1] == "  folder -> odd -> estimator constant"


def test_all_problems_are_told_at_once_and_no_traceback(file: Path) -> None:
    settings = "fit.epoch=3 loss.name=countin model.head.dropuot=1 fit.epochs=x data.root=nowhere"
    answer = check(file, *(part for setting in settings.split() for part in ("--set", setting)))
    assert (answer.returncode, answer.stdout) == (2, "")
    told = answer.stderr.splitlines()
    assert told[0] == f"{file}: 5 problems"
    starts = [
        "  fit.epoch: fit has no key 'epoch'. Did you mean 'epochs'?",
        "  loss.name: no loss is called 'countin'. Did you mean 'counting'?",
        "  model.head.dropuot: head 'pooling' has no option 'dropuot'. Did you mean 'dropout'?",
        '  fit.epochs: expected a whole number, got "x" (a string)',
        "  data: there is no folder nowhere; ask its makers for the data",
    ]
    assert all(any(line.startswith(start) for line in told) for start in starts)
    assert len(told) == 6


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ('fit.schedule={name="onecycle"}', "one_cycle"),
        ("fit.optimizer.name=Adam-W", "adamw"),
        ("protocol.name=Nested", "nested"),
        ("model.normalize=ImageNet", "imagenet"),
        ("faces.no_face=wholeImage", "whole_image"),
        ("fit.BatchSize=4", "batch_size"),
        ("loss.name=LabelSmoothing", "label_smoothing"),
        ('model.head={name="multiscale", combine="Flat-ten"}', "flatten"),
        ('augment=[{name="horizontal_flip"}]', "HorizontalFlip"),
    ],
)
def test_a_suggestion_ignores_case_underscores_and_hyphens(setting: str, meant: str) -> None:
    assert f"Did you mean {meant!r}?" in check("quickstart", "--set", setting).stderr
