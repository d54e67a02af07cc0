"""Trackers receive each epoch once, and never end a run."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from ferkit.errors import RecipeError
from ferkit.experiment import track
from ferkit.experiment.progress import NullProgress
from ferkit.experiment.run import RunRequest, run
from ferkit.experiment.track_services import TrackerRun, start_tracker
from ferkit.recipe.load import load_recipe
from ferkit.runtime.workers import Workers
from tests.cli.test_table import ferkit
from tests.experiment.parts.pools import use
from tests.experiment.test_run import Interrupted, recipe, run_recipe
from tests.experiment.test_run_nested import NESTED

pytestmark = pytest.mark.slow

SHORT = ("protocol.repeats=1", "fit.epochs=3")
TENSORBOARD = 'track.with=["tensorboard"]'
GRID = 'grid={"fit.optimizer.lr"=[0.02, 0.01]}'
MLFLOW = 'track.with=["mlflow"]'

__all__ = ["recipe"]


def scalars(folder: Path, part: str) -> dict[str, list[tuple[int, float]]]:
    """All scalars of a TensorBoard run: name to (step, value)."""
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder / "tracking" / "tensorboard" / part))
    found.Reload()
    return {name: [(one.step, one.value) for one in found.Scalars(name)] for name in found.Tags()["scalars"]}


def rows(folder: Path, fold: int) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["fold"] == fold]


def curve(folder: Path, fold: int, key: str) -> list[Any]:
    return [(row["epoch"], pytest.approx(row[key], rel=1e-5)) for row in rows(folder, fold)]


def test_tensorboard_has_every_epoch_and_the_final_scores(recipe: Path, tmp_path: Path) -> None:
    folder = run_recipe(recipe, tmp_path / "run", *SHORT, TENSORBOARD).parent
    for fold in (0, 1):
        found = scalars(folder, f"repeat0_fold{fold}")
        for key in ("train_loss", "validation_loss", "train_accuracy", "accuracy", "mean_recall", "nll"):
            assert found[key] == curve(folder, fold, key)
    (final,) = scalars(folder, "summary")["last_epoch/accuracy"]
    scores = json.loads((folder / "summary.json").read_text())["scores"]
    assert final[1] == pytest.approx(scores["last_epoch"]["accuracy"])


@pytest.mark.parametrize("service", ["tensorboard", "mlflow"])
def test_a_resumed_run_continues_its_tracker_runs_without_a_step_twice(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    pytest.importorskip(service, reason=f"{service} is not installed")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    checked, registry = load_recipe(str(recipe), [*SHORT, f'track.with=["{service}"]'])
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run(RunRequest(checked, registry, folder), Interrupted(2))
    run(RunRequest(checked, registry, folder, is_resumed=True))
    run(RunRequest(checked, registry, folder, is_resumed=True))  # a finished run adds nothing
    for fold in (0, 1):
        part = f"repeat0_fold{fold}"
        found = scalars(folder, part) if service == "tensorboard" else mlflow_metrics(folder)[f"run/{part}"]
        assert found["train_loss"] == curve(folder, fold, "train_loss")
    if service == "tensorboard":
        assert len(list((folder / "tracking" / "tensorboard" / "repeat0_fold0").glob("*/hparams.yml"))) == 1
    else:
        assert sorted(mlflow_metrics(folder)) == ["run", "run/repeat0_fold0", "run/repeat0_fold1"]


def mlflow_metrics(folder: Path) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """All runs of the MLflow database in a run folder: name to metric to (step, value)."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{folder / 'tracking' / 'mlflow.db'}")
    (experiment,) = (one for one in client.search_experiments() if one.name == "squares")
    return {
        one.info.run_name: {
            name: [(entry.step, entry.value) for entry in client.get_metric_history(one.info.run_id, name)]
            for name in one.data.metrics
        }
        for one in client.search_runs([experiment.experiment_id])
    }


def test_mlflow_has_the_resolved_recipe_as_parameters(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow", reason="mlflow is not installed")
    from mlflow.tracking import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder = run_recipe(recipe, tmp_path / "run", *SHORT, MLFLOW, 'track.project="faces"').parent
    client = MlflowClient(f"sqlite:///{folder / 'tracking' / 'mlflow.db'}")
    (experiment,) = (one for one in client.search_experiments() if one.name == "faces")
    for one in client.search_runs([experiment.experiment_id]):
        assert one.data.params["fit.optimizer.lr"] == "0.02"
        assert one.data.params["model.head.name"] == "linear"
        assert one.info.status == "FINISHED"


def test_parts_of_a_run_are_logged_once_when_they_are_complete(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch)
    checked, registry = load_recipe(str(recipe), [*SHORT, *NESTED, GRID, TENSORBOARD])
    run(RunRequest(checked, registry, tmp_path / "run", workers=Workers(2)))
    found = scalars(tmp_path / "run", "repeat0_fold1_candidate1")
    own = [row for row in rows(tmp_path / "run", 1) if row["candidate"] == 1]
    assert found["nll"] == [(row["epoch"], pytest.approx(row["nll"], rel=1e-5)) for row in own]
    (file,) = (tmp_path / "run/tracking/tensorboard/repeat0_fold1_candidate1").glob("*/hparams.yml")
    assert "fit.optimizer.lr: 0.01\n" in file.read_text()


def test_an_estimator_without_a_network_is_logged(recipe: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    folder = run_recipe(recipe, tmp_path / "run", *SHORT, 'estimator={name="majority"}', TENSORBOARD).parent
    assert scalars(folder, "repeat0_fold0")["accuracy"] == curve(folder, 0, "accuracy")


def test_the_track_section_does_not_make_recipes_differ(recipe: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    checked, registry = load_recipe(str(recipe), SHORT)
    with pytest.raises(KeyboardInterrupt):
        run(RunRequest(checked, registry, tmp_path / "run"), Interrupted(2))
    run_recipe(recipe, tmp_path / "run", *SHORT, TENSORBOARD, is_resumed=True)
    assert "[track]" not in (tmp_path / "run" / "recipe.toml").read_text()
    assert [step for step, _ in scalars(tmp_path / "run", "repeat0_fold0")["nll"]] == [2, 3]


def test_refit_and_summary_have_their_own_settings(recipe: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    grid = 'grid={"fit.optimizer.lr"=[0.03, 1e-9]}'
    checked, registry = load_recipe(str(recipe), [*SHORT, *NESTED, grid, TENSORBOARD])
    run(RunRequest(checked, registry, tmp_path / "run", has_refit=True))
    (chosen,) = json.loads((tmp_path / "run" / "refit" / "choice.json").read_text())["settings"].values()
    for part, rate in {"refit": chosen, "summary": 0.02}.items():
        (file,) = (tmp_path / "run" / "tracking" / "tensorboard" / part).glob("*/hparams.yml")
        assert f"fit.optimizer.lr: {rate}\n" in file.read_text()


class Notes(NullProgress):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.mark.parametrize("method", ["start", "store_init_configuration", "log", "finish"])
def test_a_tracker_that_fails_is_one_warning_and_the_run_goes_on(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    from accelerate.tracking import TensorBoardTracker

    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(TensorBoardTracker, method, fail)
    checked, registry = load_recipe(str(recipe), [*SHORT, TENSORBOARD])
    told = Notes()
    assert run(RunRequest(checked, registry, tmp_path / "run"), told).exists()
    (warning,) = (one for one in told.notes if "tensorboard" in one)
    assert "ConnectionError: no network" in warning


def test_a_missing_package_is_a_problem_of_the_recipe(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "mlflow" else find(name))
    with pytest.raises(RecipeError, match=r"pip install 'ferkit\[mlflow\]'"):
        load_recipe(str(recipe), [MLFLOW])


@pytest.mark.parametrize(
    ("given", "told"),
    [('track.with=["tensorbord"]', "Did you mean 'tensorboard'"), ("track.wit=[]", "Did you mean 'with'")],
)
def test_a_wrong_key_or_tracker_suggests_the_closest(recipe: Path, given: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        load_recipe(str(recipe), [given])


def test_the_option_sets_the_trackers(
    recipe: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("run", str(recipe), "--track", "tensorboard", "--track", "wanda")
    assert ferkit(monkeypatch, *arguments) == 2
    assert "track.with.1: " in (told := capsys.readouterr().err)
    assert "Did you mean 'wandb'" in told


def test_values_that_are_not_finite_are_left_out() -> None:
    import numpy as np

    from ferkit.evaluation.metrics.scores import score
    from ferkit.evaluation.protocol import Fold
    from ferkit.experiment.epoch_rows import epoch_row
    from ferkit.interfaces import Epoch
    from tests.builders import LABELS

    even = np.full((3, 3), 1 / 3)
    epoch = Epoch(1, float("nan"), 0.5, 1.0, even, 0.1, 1.0)
    fold = Fold(0, 0, np.arange(3), np.arange(3))
    row = epoch_row(fold, epoch, score(list(LABELS), even, list(LABELS)))
    values = track.row_values(row)
    assert "train_loss" not in values
    assert values["learning_rate"] == 0.1


def test_a_tracker_starts_without_a_network_in_the_process(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    tracker, _ = start_tracker("tensorboard", TrackerRun("project", "run/part", "part", tmp_path, None, 1))
    tracker.log({"accuracy": 0.5}, step=1)
    tracker.finish()
    assert list((tmp_path / "tensorboard" / "part").glob("events*"))
