"""Runs whose parts are trained apart have the numbers of a run in one process."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from ferkit.errors import RunError
from ferkit.evaluation.protocol import folds
from ferkit.experiment.parts import merge
from ferkit.experiment.parts.part import parts_of
from ferkit.experiment.progress import NullProgress, Progress
from ferkit.experiment.run import RunRequest, find_crops, read_samples, run
from ferkit.experiment.run_dir import RunDir
from ferkit.recipe.load import load_recipe
from ferkit.runtime.workers import Workers
from tests.experiment.parts.pools import DeathError, after_epochs, use
from tests.experiment.test_run import OTHER, Interrupted, results, run_recipe, shared_recipe
from tests.experiment.test_run_nested import GRID, NESTED

pytestmark = pytest.mark.slow

__all__ = ["shared_recipe"]

SHORT = (*NESTED, "fit.epochs=2", GRID)
SEARCH = 'search={trials=2, space={"fit.optimizer.lr"={low=1e-6, high=0.05, log=true}}}'
WITH_SEARCH = (*NESTED, "fit.epochs=2", SEARCH)


class Notes(NullProgress):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def run_parts(
    file: Path,
    folder: Path,
    overrides: Sequence[str],
    *,
    is_resumed: bool = False,
    progress: Progress | None = None,
) -> None:
    checked, registry = load_recipe(str(file), overrides)
    request = RunRequest(checked, registry, folder, is_resumed, workers=Workers(2))
    run(request, progress or NullProgress())


def all_results(folder: Path) -> dict[str, object]:
    """Results with the choices and settings of candidates."""
    found = {str(file.relative_to(folder)): file.read_text() for file in folder.glob("folds/*/[cs]*.json")}
    return {**results(folder), **found}


@pytest.fixture(scope="module")
def plain(shared_recipe: Path) -> Path:
    return run_recipe(shared_recipe, shared_recipe.parent / "plain", *OTHER).parent


@pytest.fixture(scope="module")
def grid(shared_recipe: Path) -> Path:
    return run_recipe(shared_recipe, shared_recipe.parent / "grid", *SHORT).parent


def test_candidates_that_are_merged_in_another_order_give_the_same_choice(
    shared_recipe: Path, grid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pool,) = [use(monkeypatch)]
    run_parts(shared_recipe, tmp_path / "run", SHORT)
    assert len(pool[0].started) == 2 * 4
    assert all_results(tmp_path / "run") == all_results(grid)
    assert not (tmp_path / "run" / "parts").exists()


def test_the_trials_of_a_fold_are_one_part(
    shared_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna", reason="optuna is not installed")
    run_recipe(shared_recipe, tmp_path / "whole", *WITH_SEARCH)
    pools = use(monkeypatch)
    run_parts(shared_recipe, tmp_path / "run", WITH_SEARCH)
    assert pools[0].started == ["repeat0_fold0", "repeat0_fold1"]
    assert all_results(tmp_path / "run") == all_results(tmp_path / "whole")


@pytest.mark.parametrize(("overrides", "epochs"), [(OTHER, 1), (SHORT, 4)])
def test_a_run_that_one_process_began_continues_with_workers(
    shared_recipe: Path,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    overrides: Sequence[str],
    epochs: int,
) -> None:
    whole = request.getfixturevalue("plain" if overrides is OTHER else "grid")
    checked, registry = load_recipe(str(shared_recipe), overrides)
    with pytest.raises(KeyboardInterrupt):
        run(RunRequest(checked, registry, tmp_path / "run"), Interrupted(epochs))
    pools = use(monkeypatch)
    run_parts(shared_recipe, tmp_path / "run", overrides, is_resumed=True)
    assert len(pools[0].started) == (2 if overrides is OTHER else 7)
    assert all_results(tmp_path / "run") == all_results(whole)


def test_an_interrupted_run_with_workers_continues_in_one_process(
    shared_recipe: Path, plain: Path, tmp_path: Path
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        use(patch)
        after_epochs(patch, 3, interrupt)
        with pytest.raises(KeyboardInterrupt):
            run_parts(shared_recipe, tmp_path / "run", OTHER)
    with pytest.raises(RunError, match="contains a run already"):
        run_recipe(shared_recipe, tmp_path / "run", *OTHER)
    run_recipe(shared_recipe, tmp_path / "run", *OTHER, is_resumed=True)
    assert all_results(tmp_path / "run") == all_results(plain)


def test_a_part_whose_worker_dies_continues_in_another(
    shared_recipe: Path, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths: list[int] = []

    def die_once() -> None:
        if not deaths:
            deaths.append(1)
            raise DeathError

    pools, progress = use(monkeypatch), Notes()
    after_epochs(monkeypatch, 2, die_once)
    run_parts(shared_recipe, tmp_path / "run", OTHER, progress=progress)
    assert pools[0].started == ["repeat0_fold0", "repeat0_fold1", "repeat0_fold1"]
    assert any("repeat 1, fold 2 ended unexpectedly" in note for note in progress.notes)
    assert all_results(tmp_path / "run") == all_results(plain)


def test_a_part_whose_workers_always_die_is_named_and_the_others_are_kept(
    shared_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise DeathError

    use(monkeypatch)
    after_epochs(monkeypatch, 3, die)
    with pytest.raises(RunError, match=r"Cannot train repeat 1, fold 1: .*--resume"):
        run_parts(shared_recipe, tmp_path / "run", OTHER)
    assert (tmp_path / "run" / "folds" / "repeat0_fold1" / "finished.json").exists()


def test_the_error_of_a_training_names_its_fold(
    shared_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch)
    with pytest.raises(RunError, match=r"Cannot train repeat 1, fold [12]: .*finite"):
        run_parts(shared_recipe, tmp_path / "run", (*OTHER, "fit.optimizer.lr=1e30"))


@pytest.fixture
def trained(shared_recipe: Path, tmp_path: Path) -> Path:
    """A run folder with the trained parts of a grid, of which none is merged."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        use(patch)
        patch.setattr("ferkit.experiment.parts.driver.merge_part", stop)
        with pytest.raises(KeyboardInterrupt):
            run_parts(shared_recipe, tmp_path / "trained", SHORT)
    return tmp_path / "trained"


def test_a_merge_that_is_interrupted_at_any_file_is_completed_by_the_next_one(
    shared_recipe: Path, trained: Path, grid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, registry = load_recipe(str(shared_recipe), SHORT)
    order = RunRequest(checked, registry, tmp_path / "run")
    samples, _, _ = read_samples(order)
    faces = find_crops(checked, registry, samples).faces
    todo = list(folds(checked.protocol, [face.sample for face in faces], order.trials))
    parts = parts_of(checked, todo)
    copy = merge._copy_file
    stops = 0
    while True:
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        shutil.copytree(trained, tmp_path / "run")
        left = [stops]

        def stop(source: Path, target: Path, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == -1:
                raise KeyboardInterrupt
            copy(source, target)

        monkeypatch.setattr(merge, "_copy_file", stop)
        for one in (parts[3], *parts):  # the last candidate of a fold is merged first
            if one.is_finished(run_dir := RunDir(tmp_path / "run")):
                continue
            try:
                merge.merge_part(order, run_dir, one, NullProgress())
            except KeyboardInterrupt:
                continue
        for one in parts:
            if not one.is_finished(run_dir):
                merge.merge_part(order, run_dir, one, NullProgress())
        assert all_results(tmp_path / "run") == all_results(grid)
        if left[0] >= 0:
            break
        stops += 1
    assert stops > 20


def test_a_part_of_other_images_is_not_merged(trained: Path, shared_recipe: Path) -> None:
    file = trained / "parts" / "repeat0_fold0_candidate0" / "manifest.csv"
    file.write_text(file.read_text().replace("square", "circle", 1) + "\n")
    with pytest.raises(RunError, match="images or boxes differ"):
        run_recipe(shared_recipe, trained, *SHORT, is_resumed=True)
