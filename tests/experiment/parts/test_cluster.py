"""Folds that jobs of a cluster train, and their merge."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.errors import RunError
from ferkit.evaluation.run_files import PARTS
from ferkit.experiment.parts import merge
from ferkit.experiment.parts.one_fold import train_one_fold
from ferkit.experiment.parts.part import Part
from ferkit.experiment.progress import NullProgress
from ferkit.experiment.run import RunRequest, run
from ferkit.experiment.run_dir import RunDir
from ferkit.recipe.load import load_recipe
from tests.cli.test_table import ferkit
from tests.experiment.parts.test_parts import SHORT, all_results, grid, plain
from tests.experiment.test_run import OTHER, Interrupted, run_recipe, shared_recipe

pytestmark = pytest.mark.slow

__all__ = ["grid", "plain", "shared_recipe"]


def request(file: Path, folder: Path, *overrides: str, collects: bool = False) -> RunRequest:
    checked, registry = load_recipe(str(file), overrides)
    return RunRequest(checked, registry, folder, collects=collects)


def test_folds_of_several_jobs_are_merged_and_missing_ones_are_named(
    shared_recipe: Path, grid: Path, tmp_path: Path
) -> None:
    order = request(shared_recipe, tmp_path / "run", *SHORT)
    collecting = request(shared_recipe, tmp_path / "run", *SHORT, collects=True)
    with pytest.raises(RunError, match=r"no trained folds.*--fold 0"):
        run(collecting)
    assert not (tmp_path / "run").exists()
    assert len(train_one_fold(order, 0, 1, NullProgress())) == 4
    with pytest.raises(KeyboardInterrupt):
        train_one_fold(order, 0, 0, Interrupted(2))
    with pytest.raises(RunError) as told:
        run(collecting)
    missing = str(told.value).splitlines()
    assert "4 trainings missing" in missing[0]
    assert missing[1:3] == [
        "  repeat 1, fold 1, candidate 1 (--repeat 0 --fold 0): 2 epochs so far",
        "  repeat 1, fold 1, candidate 2 (--repeat 0 --fold 0): not started",
    ]
    train_one_fold(order, 0, 0, NullProgress())
    run(collecting)
    assert all_results(tmp_path / "run") == all_results(grid)
    assert train_one_fold(order, 0, 0, NullProgress()) == []


def test_a_run_of_which_jobs_trained_folds_continues_in_one_process(
    shared_recipe: Path, plain: Path, tmp_path: Path
) -> None:
    train_one_fold(request(shared_recipe, tmp_path / "run", *OTHER), 0, 1, NullProgress())
    with pytest.raises(RunError, match=r"contains a run already.*--resume"):
        run_recipe(shared_recipe, tmp_path / "run", *OTHER)
    run_recipe(shared_recipe, tmp_path / "run", *OTHER, is_resumed=True)
    assert all_results(tmp_path / "run") == all_results(plain)


def test_a_fold_that_another_job_trains_or_that_is_none_is_refused(
    shared_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferkit.experiment.parts.merge.WAIT", 0)
    monkeypatch.setattr("ferkit.experiment.parts.merge.WAIT_LOCAL", 0)
    order = request(shared_recipe, tmp_path / "run", *OTHER)
    with pytest.raises(RunError, match="the repeats 0 to 0 and the folds 0 to 1"):
        train_one_fold(order, 1, 0, NullProgress())
    other = RunDir.create(tmp_path / "run" / "parts" / "repeat0_fold0", order.resolved)
    with pytest.raises(RunError, match="another ferkit process is using it"):
        train_one_fold(order, 0, 0, NullProgress())
    other.close()


@pytest.mark.parametrize(("local", "expected"), [(True, 5), (False, 120)])
def test_only_locks_of_other_machines_are_waited_for_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local: bool, expected: float
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(merge, "is_local", lambda path: local)
    monkeypatch.setattr(merge.RunDir, "resume", lambda path, recipe, wait: waits.append(wait))
    part = Part("one", 1, [])
    RunDir.create(merge.part_path(tmp_path, part), "").close()
    merge.open_part(tmp_path, part, "")
    assert waits == [expected]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--fold", "0"), "--out"),
        (("--collect",), "--out"),
        (("--repeat", "1", "--out", "r"), "--fold"),
        (("--fold", "0", "--out", "r", "--jobs", "2"), "--jobs"),
        (("--collect", "--out", "r", "--fold", "1"), "--fold"),
        (("--fold", "0", "--out", "r", "--refit"), "--refit"),
        (("--collect", "--out", "no_such_folder"), "no_such_folder"),
        (("--out", __file__), "--out: expected a folder"),
        (("--jobs", "0"), "--jobs"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    assert ferkit(monkeypatch, "run", "quickstart", *words) == 2
    assert told in capsys.readouterr().err


def test_the_folder_of_parts_ends_with_the_last_part_in_spite_of_a_hidden_file(tmp_path: Path) -> None:
    with RunDir.create(tmp_path / "run", "") as run_dir:
        first, last = (Part(name, 1, []) for name in ("first", "last"))
        for part in (first, last):
            merge.part_path(run_dir.path, part).mkdir(parents=True)
        (run_dir.path / PARTS / ".0badcafe").touch()  # of a command that was killed
        merge.remove_part(run_dir, first)
        assert (run_dir.path / PARTS).exists()
        merge.remove_part(run_dir, last)
        assert not (run_dir.path / PARTS).exists()
