"""The network that all images of a run train, after its folds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import numpy as np
import pytest

from ferkit.cli import main
from ferkit.data.images import image_sha256
from ferkit.errors import RunError
from ferkit.evaluation.epoch_selection import EpochScore
from ferkit.evaluation.protocol import Fold
from ferkit.evaluation.run_files import read_images, read_summary
from ferkit.experiment.progress import NullProgress
from ferkit.experiment.refit import plan_refit
from ferkit.experiment.run import RunRequest, run
from ferkit.interfaces import Epoch
from ferkit.neural.checkpoint import HASH, read_header
from ferkit.neural.loop import BatchReport
from ferkit.predict.model.load import load_model, load_network
from ferkit.predict.model.which import WhichNetwork
from ferkit.recipe.load import load_recipe
from tests.experiment.test_run import ROOT, recipe, results, shared_recipe, wait_for_epochs

NESTED = ('protocol={name="nested", repeats=1, inner_folds=3}', "fit.epochs=4", "data.per_class=9")
PAPER = ("protocol.repeats=1", "fit.epochs=3")
FILES = ("model.safetensors", "choice.json", "finished.json")

__all__ = ["recipe", "shared_recipe"]


class StoppedInRefit(NullProgress):
    """Stops the run after some epochs, or batches, of the training on all images."""

    def __init__(self, epochs: int = 0, batches: int = 0) -> None:
        self.epochs, self.batches = epochs, batches
        self.has_begun = False

    def begin_refit(self, images: int, epochs: int) -> None:
        self.has_begun = True

    def refit_epoch(self, epoch: Epoch) -> None:
        self.epochs -= 1
        if self.epochs == 0:
            raise KeyboardInterrupt

    def batch(self, report: BatchReport) -> None:
        self.batches -= self.has_begun
        if self.has_begun and self.batches == 0:
            raise KeyboardInterrupt


def refit(
    file: Path,
    folder: Path,
    *overrides: str,
    is_resumed: bool = False,
    has_refit: bool = True,
    progress: NullProgress | None = None,
) -> Path:
    checked, registry = load_recipe(str(file), overrides)
    request = RunRequest(checked, registry, folder, is_resumed, has_refit=has_refit)
    run(request, progress or NullProgress())
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / "refit" / name).read_bytes() for name in FILES}


def losses(folder: Path) -> list[float]:
    lines = (folder / "refit" / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["train_loss"] for line in lines]


def test_every_image_trains_for_the_median_of_the_chosen_epochs(recipe: Path, tmp_path: Path) -> None:
    folder = refit(recipe, tmp_path / "run", *NESTED)
    choices = [json.loads(file.read_text()) for file in sorted(folder.glob("folds/*/choice.json"))]
    middle = int(median(one["epoch"] for one in choices) + 0.5)
    temperature = median(one["temperature"] for one in choices)
    choice = json.loads((folder / "refit" / "choice.json").read_text())
    assert (choice["epoch"], choice["images"]) == (middle, 18)
    assert len(losses(folder)) == middle
    header = read_header(folder / "refit" / "model.safetensors")
    assert header.temperature == choice["temperature"] == pytest.approx(temperature)
    assert header.trained_on == {image_sha256(Path(one.path))[:HASH] for one in read_images(folder)}
    assert not list((folder / "refit").glob("state.pt*"))


def test_without_validation_images_all_epochs_are_trained(whole: Path) -> None:
    assert len(losses(whole)) == 3
    assert read_header(whole / "refit" / "model.safetensors").temperature is None
    summary = read_summary(whole)
    assert summary.refit
    assert summary.refit.model_dump() == {
        "candidate": None,
        "settings": {},
        "epoch": 3,
        "temperature": None,
        "images": 12,
    }
    assert "no score of its own" in (whole / "report.html").read_text()


@pytest.fixture(scope="module")
def whole(shared_recipe: Path) -> Path:
    """The folder of a finished run with a refit."""
    return refit(shared_recipe, shared_recipe.parent / "whole", *PAPER)


@pytest.mark.parametrize(("epochs", "batches"), [(0, 1), (1, 0), (2, 0), (3, 0), (0, 8)])
def test_an_interrupted_refit_ends_with_the_same_bytes(
    shared_recipe: Path, whole: Path, tmp_path: Path, epochs: int, batches: int
) -> None:
    stopped = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        refit(shared_recipe, stopped, *PAPER, progress=StoppedInRefit(epochs, batches))
    assert not (stopped / "refit" / "finished.json").exists()
    assert not (stopped / "summary.json").exists()
    # A resumed run needs no --refit: its folder remembers it.
    refit(shared_recipe, stopped, *PAPER, is_resumed=True, has_refit=False)
    assert contents(stopped) == contents(whole)
    assert losses(stopped) == losses(whole)
    assert results(stopped) == results(whole)


def test_a_finished_run_gets_the_same_network_and_its_folds_stay(recipe: Path, tmp_path: Path) -> None:
    whole = refit(recipe, tmp_path / "whole", *NESTED)
    later = refit(recipe, tmp_path / "later", *NESTED, has_refit=False)
    assert not (later / "refit").exists()
    assert read_summary(later).refit is None
    before, report = results(later), (later / "report.html").read_text()
    assert "no score of its own" not in report
    refit(recipe, later, *NESTED, is_resumed=True)
    assert contents(later) == contents(whole)
    assert results(later) == before
    assert read_summary(later).scores == read_summary(whole).scores
    again = (later / "refit" / "model.safetensors").stat().st_mtime_ns
    refit(recipe, later, *NESTED, is_resumed=True)
    assert (later / "refit" / "model.safetensors").stat().st_mtime_ns == again


def test_the_refit_network_is_the_default_model_of_the_run(shared_recipe: Path, whole: Path) -> None:
    load_recipe(str(shared_recipe))  # its plugins may be imported
    folder = whole
    model = load_model(folder)
    assert model.title == f"{folder}: refit network, trained on all images of the run"
    assert model.description.source == "squares, refit on all images"
    assert all("no score of its own" in one["title"] for one in model.description.metrics["scores"].values())
    assert load_network(folder).fold == load_network(folder, WhichNetwork(fold="refit")).fold == "refit"
    assert load_network(folder / "refit" / "model.safetensors").fold == "refit"
    assert load_network(folder, WhichNetwork(fold=1)).fold == "repeat0_fold1"
    assert load_network(folder, WhichNetwork(repeat=0)).fold == "repeat0_fold0"
    assert load_network(folder, WhichNetwork(fold="all")).fold == "all"


def test_the_grids_best_candidate_on_validation_images_is_refitted(recipe: Path, tmp_path: Path) -> None:
    grid = 'grid={"fit.optimizer.lr"=[1e-6, 0.02], "model.image_size"=[24, 28]}'
    folder = refit(recipe, tmp_path / "run", *NESTED, grid)
    choice = json.loads((folder / "refit" / "choice.json").read_text())
    assert choice["settings"]["fit.optimizer.lr"] == 0.02  # 1e-6 learns nothing in so few epochs
    assert choice["candidate"] in (2, 3)
    side = choice["settings"]["model.image_size"]
    assert load_model(folder).description.model.image_size == side


def plan(scores: list[EpochScore], folds: list[Fold], candidates: int = 0) -> tuple[int | None, int]:
    def settings(number: int) -> SimpleNamespace:
        fit = SimpleNamespace(epochs=10)
        recipe = SimpleNamespace(fit=fit, protocol=SimpleNamespace(repeats=1, seed=0))
        return SimpleNamespace(settings={"number": number}, recipe=recipe)

    run_dir = SimpleNamespace(epoch_scores=lambda: scores, choice=lambda _: {})
    made = [settings(number) for number in range(candidates)]
    planned = plan_refit(settings(0).recipe, None, made, folds, "accuracy", run_dir)  # type: ignore[arg-type]
    return planned.job.fold.candidate, planned.epochs


def make_fold(index: int, has_validation: bool = True, candidate: int | None = None) -> Fold:
    train, test = np.array([2 * index]), np.array([2 * index + 1])
    return Fold(0, index, train, test, np.array([9]) if has_validation else None, candidate)


@pytest.mark.parametrize(
    ("best", "expected"), [([1, 1, 9], 1), ([2, 3], 3), ([1, 2], 2), ([4, 5, 7], 5), ([3, 4, 6, 9], 5)]
)
def test_the_median_is_rounded_half_up(best: list[int], expected: int) -> None:
    scores = [
        EpochScore(0, index, epoch, accuracy=float(epoch == chosen), mean_recall=0.5, nll=1.0)
        for index, chosen in enumerate(best)
        for epoch in range(1, 11)
    ]
    assert plan(scores, [make_fold(index) for index in range(len(best))]) == (None, expected)


def test_the_candidate_with_the_best_mean_is_taken_with_its_own_epochs() -> None:
    accuracies = {0: [0.9, 0.1], 1: [0.6, 0.7]}  # candidate to its accuracy in each fold
    scores = [
        EpochScore(0, index, epoch, accuracies[one][index] if epoch == 2 + 3 * one else 0.0, 0.0, 1.0, one)
        for one in (0, 1)
        for index in (0, 1)
        for epoch in range(1, 11)
    ]
    folds = [make_fold(index, candidate=one) for index in (0, 1) for one in (0, 1)]
    assert plan(scores, folds, candidates=2) == (1, 5)


def test_an_estimator_is_refused_before_an_image_is_read(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferkit.experiment.run.read_samples", lambda _: pytest.fail("images were read"))
    with pytest.raises(RunError, match="Cannot use --refit: the recipe has the estimator 'majority'"):
        refit(recipe, tmp_path / "run", 'estimator={name="majority", confidence=0.9}')
    assert not (tmp_path / "run").exists()


def test_a_new_run_keeps_no_network_of_a_run_that_was_removed(recipe: Path, tmp_path: Path) -> None:
    folder = refit(recipe, tmp_path / "run", *PAPER)
    shutil.rmtree(folder / "folds")
    for name in ("metrics.jsonl", "summary.json"):
        (folder / name).unlink()
    refit(recipe, folder, "protocol.repeats=1", "fit.epochs=1")
    assert len(losses(folder)) == 1
    for name in ("metrics.jsonl", "summary.json"):
        (folder / name).unlink()
    shutil.rmtree(folder / "folds")
    refit(recipe, folder, *PAPER, has_refit=False)
    assert not (folder / "refit").exists()


def test_a_request_of_a_run_that_never_trained_is_forgotten(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("ferkit.experiment.run.find_faces", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            refit(recipe, tmp_path / "run", *PAPER)
    assert (tmp_path / "run" / "refit").is_dir()
    refit(recipe, tmp_path / "run", *PAPER, has_refit=False)
    assert not (tmp_path / "run" / "refit").exists()


@pytest.mark.slow
def test_a_killed_refit_ends_with_the_same_bytes(recipe: Path, tmp_path: Path) -> None:
    long = ("protocol.repeats=1", "fit.epochs=12")
    whole = refit(recipe, tmp_path / "whole", *long)
    command = [
        sys.executable,
        "-m",
        "ferkit",
        "run",
        str(recipe),
        "--refit",
        "--out",
        str(tmp_path / "killed"),
    ]
    options = [word for one in long for word in ("--set", one)]
    with subprocess.Popen(
        [*command, "--out", str(tmp_path / "killed"), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        wait_for_epochs(tmp_path / "killed" / "refit", 4, process)
        process.send_signal(signal.SIGKILL)
    assert process.returncode != 0, "the run was over before it could be killed"
    assert not (tmp_path / "killed" / "refit" / "model.safetensors").exists()
    refit(recipe, tmp_path / "killed", *long, is_resumed=True, has_refit=False)
    assert contents(tmp_path / "killed") == contents(whole)
    assert results(tmp_path / "killed") == results(whole)


def test_the_command_adds_the_network_to_a_finished_run(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = ["ferkit", "run", str(recipe), "--set", "fit.epochs=1", "--out", str(tmp_path / "run")]
    for more in ([], ["--resume", "--refit"]):
        monkeypatch.setattr(sys, "argv", [*typed, *more])
        with pytest.raises(SystemExit) as caught:
            main()
        assert not caught.value.code
    told = capsys.readouterr().out
    assert told.count("Refit: one network was trained on all 12 images for 1 epoch.") == 1
    assert (tmp_path / "run" / "refit" / "model.safetensors").exists()
