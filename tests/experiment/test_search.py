"""A search inside the training fold: trials, resuming, pruning, and the summary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ferkit.errors import RecipeError, RunError
from ferkit.evaluation.run_files import read_choice
from ferkit.experiment.run import RunRequest, run
from ferkit.recipe.grid import recipe_of_fold
from ferkit.recipe.load import load_recipe
from tests.experiment.test_run import Interrupted, recipe, results, run_recipe
from tests.experiment.test_run_nested import NESTED

pytest.importorskip("optuna", reason="optuna is not installed")
pytestmark = pytest.mark.slow

__all__ = ["recipe"]

RATES = '"fit.optimizer.lr"={low=1e-6, high=0.05, log=true}'
SIZES = '"fit.batch_size"={low=2, high=6, step=2}'
SPACE = f'{{{RATES}, {SIZES}, "model.head"={{choices=[{{name="linear"}}]}}}}'


def search(trials: int = 3, **options: str) -> str:
    words = "".join(f', {key}="{value}"' for key, value in options.items())
    return f"search={{trials={trials}, space={SPACE}{words}}}"


def summary_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return found


def test_each_fold_has_its_own_trials_and_scores_the_best_once(recipe: Path, tmp_path: Path) -> None:
    run_recipe(recipe, tmp_path / "run", *NESTED, search())
    found = summary_of(tmp_path / "run")
    assert found["search"]["sampler"] == "tpe"
    (choices,) = found["scores"]["chosen_epoch"]["choices"]
    for number, fold in enumerate(found["search"]["folds"]):
        trials = fold["trials"]
        assert len(trials) == 3
        assert all(1e-6 <= one["settings"]["fit.optimizer.lr"] <= 0.05 for one in trials)
        assert {one["settings"]["fit.batch_size"] for one in trials} <= {2, 4, 6}
        chosen = trials[choices[number]["candidate"]]
        assert chosen["value"] == max(one["value"] for one in trials)
        assert chosen["settings"] == choices[number]["settings"]
        assert chosen["epoch"] == choices[number]["epoch"]
    first, second = (fold["trials"][0]["settings"] for fold in found["search"]["folds"])
    assert first != second
    assert len(list((tmp_path / "run" / "folds").glob("*/predictions_test.csv"))) == 2
    checked, _ = load_recipe(str(recipe), [*NESTED, search()])
    chosen_recipe = recipe_of_fold(tmp_path / "run", checked, "repeat0_fold0")
    settings = read_choice(tmp_path / "run", "repeat0_fold0")["settings"]
    assert chosen_recipe.fit.optimizer.lr == settings["fit.optimizer.lr"]
    assert "Search" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize("epochs", [2, 4, 13])
def test_an_interrupted_search_continues_with_the_same_trials(
    recipe: Path, tmp_path: Path, epochs: int
) -> None:
    options = search(12 if epochs == 13 else 3, pruner="median")
    changed = [*NESTED, options, "fit.epochs=2"] if epochs == 13 else [*NESTED, options]
    run_recipe(recipe, tmp_path / "whole", *changed)
    checked, registry = load_recipe(str(recipe), changed)
    with pytest.raises(KeyboardInterrupt):
        run(RunRequest(checked, registry, tmp_path / "stopped"), Interrupted(epochs))
    run_recipe(recipe, tmp_path / "stopped", *changed, is_resumed=True)
    assert results(tmp_path / "stopped") == results(tmp_path / "whole")
    assert summary_of(tmp_path / "stopped")["search"] == summary_of(tmp_path / "whole")["search"]


def test_pruned_trials_end_early_and_important_keys_are_found(recipe: Path, tmp_path: Path) -> None:
    run_recipe(recipe, tmp_path / "run", *NESTED, search(12, pruner="median", sampler="random"))
    found = summary_of(tmp_path / "run")["search"]
    trials = [one for fold in found["folds"] for one in fold["trials"]]
    assert any(one["is_pruned"] for one in trials)
    assert not any(one["is_pruned"] for fold in found["folds"] for one in fold["trials"][:5])
    metrics = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert len(metrics) < 2 * 12 * 3
    assert sum(found["importance"].values()) == pytest.approx(1)
    assert max(found["importance"], key=found["importance"].__getitem__) == "fit.optimizer.lr"


def test_a_start_that_recorded_no_epoch_leaves_no_settings(recipe: Path, tmp_path: Path) -> None:
    stale = tmp_path / "run" / "folds" / "repeat0_fold0_candidate0" / "settings.json"
    stale.parent.mkdir(parents=True)
    stale.write_text('{"fit.epochs": 1}')
    run_recipe(recipe, tmp_path / "run", *NESTED, search(1))
    assert "fit.optimizer.lr" in json.loads(stale.read_text())


DIVERGING = 'search={trials=4, space={"fit.optimizer.lr"={choices=[1e30, 0.02]}}}'


def test_a_trial_that_diverges_does_not_end_the_run(recipe: Path, tmp_path: Path) -> None:
    run_recipe(recipe, tmp_path / "run", *NESTED, "fit.optimizer.name=sgd", DIVERGING)
    trials = [one for fold in summary_of(tmp_path / "run")["search"]["folds"] for one in fold["trials"]]
    assert {one["settings"]["fit.optimizer.lr"] for one in trials} == {1e30, 0.02}
    assert all(one["has_diverged"] is (one["settings"]["fit.optimizer.lr"] == 1e30) for one in trials)
    assert not any(one["is_pruned"] for one in trials)
    count = sum(one["has_diverged"] for one in trials)
    assert f"{count} diverged" in (tmp_path / "run" / "report.html").read_text()


def test_trials_that_all_diverge_end_the_run_with_a_hint(recipe: Path, tmp_path: Path) -> None:
    hopeless = DIVERGING.replace("1e30, 0.02", "1e30, 1e31")
    for is_resumed in (False, True):
        with pytest.raises(RunError, match="every trial of repeat 1, fold 1 diverged"):
            run_recipe(
                recipe,
                tmp_path / "run",
                *NESTED,
                "fit.optimizer.name=sgd",
                hopeless,
                is_resumed=is_resumed,
            )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (['protocol={name="paper"}', search()], 'requires the protocol "nested"'),
        ([*NESTED, search(), 'grid={"fit.epochs"=[1]}'], "can't be combined with"),
        ([*NESTED, 'search={space={"protocol.seed"={choices=[1]}}}'], "a search can only change"),
        ([*NESTED, "search={space={}}"], "is empty"),
        ([*NESTED, 'search={space={"fit.epochs"={low=3, high=1}}}'], "expected low < high"),
        ([*NESTED, 'search={space={"fit.epochs"={low=3}}}'], "{ low = ..., high = ... }"),
        ([*NESTED, 'search={space={"fit.epochs"={low="a", high=3}}}'], "expected a number"),
        ([*NESTED, 'search={space={"fit.epochs"={low=0, high=3, log=true}}}'], "log requires low > 0"),
        ([*NESTED, 'search={space={"fit.epochs"={low=0, high=3}}}'], "search: fit.epochs = 0"),
        ([*NESTED, 'search={space={"fit.epochs"={low=1, high=3, step=0.5}}}'], "whole number"),
        ([*NESTED, 'search={space={"model.head"={choices=[{name="liner"}]}}}'], "Did you mean 'linear'"),
        ([*NESTED, 'search={space={"fit.epochs"={low=1, high=3}}, sampler="tpo"}'], "Did you mean 'tpe'"),
    ],
)
def test_a_search_that_can_not_run_is_refused(recipe: Path, changes: list[str], told: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(recipe), changes)
    assert told in str(caught.value)
