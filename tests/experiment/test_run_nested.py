"""A run whose epochs and settings are chosen inside the training fold."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from safetensors import safe_open

from ferkit.experiment.run import RunRequest, run
from ferkit.recipe.load import load_recipe
from tests.experiment.test_run import Interrupted, recipe, results, run_recipe, shared_recipe

pytestmark = pytest.mark.slow

NESTED = ('protocol={name="nested", repeats=1, inner_folds=3}', "fit.epochs=3", "data.per_class=9")
GRID = 'grid={"fit.optimizer.lr"=[1e-6, 0.02], "fit.batch_size"=[4, 6]}'

__all__ = ["recipe", "shared_recipe"]


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_validation_and_test_images_are_apart_and_the_test_is_that_of_the_chosen_epoch(
    recipe: Path, tmp_path: Path
) -> None:
    run_recipe(recipe, tmp_path / "run", *NESTED)
    for fold in (0, 1):
        folder = tmp_path / "run" / "folds" / f"repeat0_fold{fold}"
        test, validation = (rows_of(folder / f"predictions_{name}.csv") for name in ("test", "validation"))
        assert len(test) == 9
        assert len(validation) == 3
        assert not {row["path"] for row in test} & {row["path"] for row in validation}
        choice = json.loads((folder / "choice.json").read_text())
        metrics = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
        own = {row["epoch"]: row for row in metrics if row["fold"] == fold}
        assert {row["watched"] for row in own.values()} == {"validation"}
        right = sum(row["label"] == row["predicted"] for row in validation) / 3
        assert right == own[choice["epoch"]]["accuracy"] == max(row["accuracy"] for row in own.values())
        with safe_open(folder / "model.safetensors", "pt") as file:
            assert json.loads(file.metadata()["ferkit"])["temperature"] == choice["temperature"]


@pytest.fixture(scope="module")
def whole(shared_recipe: Path) -> Path:
    """The folder of a finished run with a grid."""
    return run_recipe(shared_recipe, shared_recipe.parent / "whole", *NESTED, GRID).parent


def test_the_grids_best_candidate_is_scored_and_says_which_it_was(whole: Path) -> None:
    summary = json.loads((whole / "summary.json").read_text())
    (choices,) = summary["scores"]["chosen_epoch"]["choices"]
    # A rate of 1e-6 learns nothing in three epochs.
    assert [one["settings"]["fit.optimizer.lr"] for one in choices] == [0.02, 0.02]
    metrics = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    assert len(metrics) == 2 * 4 * 3
    folds = whole / "folds"
    assert len(list(folds.glob("*/finished.json"))) == 2 * 4
    assert len(list(folds.glob("*/predictions_test.csv"))) == 2


@pytest.mark.parametrize("epochs", [2, 5, 17])
def test_an_interrupted_search_goes_on_to_the_same_numbers(
    shared_recipe: Path, whole: Path, tmp_path: Path, epochs: int
) -> None:
    checked, registry = load_recipe(str(shared_recipe), [*NESTED, GRID])
    with pytest.raises(KeyboardInterrupt):
        run(RunRequest(checked, registry, tmp_path / "stopped"), Interrupted(epochs))
    run_recipe(shared_recipe, tmp_path / "stopped", *NESTED, GRID, is_resumed=True)
    assert results(tmp_path / "stopped") == results(whole)
    for fold in (0, 1):
        name = Path("folds") / f"repeat0_fold{fold}" / "choice.json"
        assert (tmp_path / "stopped" / name).read_text() == (whole / name).read_text()
