"""One training in two processes, as torchrun starts them."""

from __future__ import annotations

import csv
import multiprocessing
import socket
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from ferkit.cli import main
from ferkit.evaluation.run_files import read_metrics
from ferkit.runtime.processes import NEEDED
from tests.cli.two_processes import CASES, estimator, numbers, work
from tests.neural import tiny

RECIPE = """
name = "two"
extends = "quickstart"

[data]
name = "synthetic"
per_class = 8

[fit]
epochs = 1
precision = "float32"
optimizer = { name = "sgd", lr = 1e-3 }
schedule = { name = "constant" }

[protocol]
name = "nested"
folds = 2
repeats = 1
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs a fork with the imports of this process"),
]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the results of two processes."""
    folder = tmp_path_factory.mktemp("two")
    recipe = folder / "two.toml"
    recipe.write_text(RECIPE)
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr("ferkit.report.render", lambda run: run / "report.html")  # it takes seconds
    forking = multiprocessing.get_context("fork")
    ports = [free_port(), free_port()]
    processes = [forking.Process(target=work, args=(rank, ports, recipe, folder)) for rank in range(2)]
    with warnings.catch_warnings(action="ignore"):  # Python warns about forks with threads
        for one in processes:
            one.start()
    for one in processes:
        one.join(300)
    assert [one.exitcode for one in processes] == [0, 0]
    assert "report:" in (folder / "output0.txt").read_text()
    assert (folder / "output1.txt").read_text() == ""
    monkeypatch.undo()
    return folder


@pytest.mark.parametrize(
    "words", [["predict", "photo.jpg"], ["--version"], ["run", "--jobs=2"], ["run", "-j2"]]
)
def test_other_commands_and_options_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    for name in NEEDED:
        monkeypatch.setenv(name, "0" if name == "RANK" else "2")
    monkeypatch.setattr(sys, "argv", ["ferkit", *words])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    assert "in several processes" in capsys.readouterr().err


@pytest.mark.parametrize("case", [case for case in CASES if case != "state"])
def test_two_processes_train_the_network_of_one(trained: Path, case: str) -> None:
    alone = estimator(case)
    expected = numbers(alone, tiny.fit(alone))
    with np.load(trained / f"{case}.npz") as stored:
        found = [stored[name] for name in stored.files]
    for one, two in zip(expected, found, strict=True):
        np.testing.assert_allclose(two, one, rtol=0, atol=1e-5)


def test_one_process_resumes_a_training_of_two(trained: Path) -> None:
    whole, resumed = estimator("state"), estimator("state", trained / "state.pt")
    expected, epochs = tiny.fit(whole), tiny.fit(resumed)
    assert [epoch.number for epoch in epochs] == [2]
    for one, two in zip(numbers(whole, expected), numbers(resumed, epochs), strict=True):
        np.testing.assert_allclose(two, one, rtol=0, atol=1e-5)


def test_a_run_of_two_processes_has_the_files_and_numbers_of_one(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["ferkit", "run", str(trained / "two.toml"), "--quiet", "--out", str(trained / "one")]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr("ferkit.report.render", lambda run: run / "report.html")
    with pytest.raises(SystemExit):
        main()
    one, two = trained / "one", trained / "run"
    files = [{file.relative_to(run) for run in [folder] for file in run.rglob("*")} for folder in (one, two)]
    assert files[0] == files[1]
    for first, second in zip(read_metrics(one), read_metrics(two), strict=True):
        assert first["train_loss"] == pytest.approx(second["train_loss"], abs=1e-5)
    for file in sorted(one.glob("folds/*/predictions_*.csv")):
        texts = [found.read_text() for found in (file, two / file.relative_to(one))]
        tables = [list(csv.reader(text.splitlines())) for text in texts]
        assert [row[:2] for row in tables[0]] == [row[:2] for row in tables[1]]
        values = [np.array([row[3:] for row in table[1:]], dtype=float) for table in tables]
        np.testing.assert_allclose(values[1], values[0], rtol=0, atol=1e-5)
