"""A run's folder as a model: which fold's network, built how, and what is known of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ferkit.components.discovery import load_plugins
from ferkit.errors import RunError
from ferkit.evaluation.run_files import read_resolved, read_summary
from ferkit.messages import suggest
from ferkit.neural.checkpoint import read_header
from ferkit.predict.model.description import Description
from ferkit.recipe.grid import recipe_of_fold
from ferkit.recipe.parse import modules_of
from ferkit.recipe.schema import Recipe

NETWORK = "model.safetensors"
KEPT = ("title", "selected_on_test", "accuracy", "mean_recall", "macro_f1", "nll", "ece")
"""Of each reading's scores, what a model file carries on."""


@dataclass(frozen=True, slots=True)
class RunModel:
    """file: the network; choice: a sentence about which of the run's networks it is."""

    file: Path
    description: Description
    choice: str


def open_run(folder: Path, fold: str | None = None) -> RunModel:
    """fold: the name of a folder in folds/; without one, the first that has a network.

    Which of a run's folds classifies best on other images nobody knows: their scores are on different
    images. So the first is taken, and said. Raises RunError where there is no network.
    """
    recipe = _read_recipe(folder)
    if recipe.estimator:
        raise RunError(
            f"{folder} is a run of the estimator {recipe.estimator.name!r}. Networks alone can be used on "
            "new images: take a run whose recipe has no [estimator]."
        )
    folds = sorted(path.parent.name for path in folder.glob(f"folds/*/{NETWORK}"))
    if not folds:
        raise RunError(f"{folder} holds no network yet: no fold is finished (folds/*/{NETWORK})")
    chosen = folds[0] if fold is None else fold
    if chosen not in folds:
        raise RunError(f"{folder} has no network of the fold {chosen!r}. {suggest(chosen, folds)}")
    return RunModel(
        folder / "folds" / chosen / NETWORK, describe_run(folder, recipe, chosen), _tell(chosen, folds)
    )


def describe_run(folder: Path, recipe: Recipe, fold: str) -> Description:
    """Raises RunError where the network is one of other labels than the run's."""
    file = folder / "folds" / fold / NETWORK
    header, summary = read_header(file), _summary(folder)
    if summary and summary["labels"] != header.labels:
        theirs, ours = ", ".join(header.labels), ", ".join(summary["labels"])
        raise RunError(f"{file} tells {theirs} apart, the run {ours}: it is another run's network")
    settings = recipe_of_fold(folder, recipe, fold)
    return Description(
        labels=tuple(header.labels),
        model=settings.model.model_copy(update={"initial": None, "initial_part": None}),
        detector=settings.detector,
        margin=settings.faces.margin,
        temperature=header.temperature or 1.0,
        plugins=recipe.plugins,
        source=f"{recipe.name}, {fold}",
        metrics=_metrics(summary),
    )


def _read_recipe(folder: Path) -> Recipe:
    """As it was run; its data need not be here."""
    if not (folder / "recipe.toml").is_file():
        raise RunError(f"{folder} is no run's folder: it has no recipe.toml")
    table = read_resolved(folder)
    load_plugins(modules_of(table))
    try:
        return Recipe.model_validate_json(json.dumps(table, default=str))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise RunError(f"{folder / 'recipe.toml'} is of another ferkit: {key}: {first['msg']}") from error


def _summary(folder: Path) -> dict[str, Any]:
    """Nothing where the run is not finished."""
    return read_summary(folder) if (folder / "summary.json").exists() else {}


def _metrics(summary: Mapping[str, Any]) -> dict[str, Any]:
    if not summary:
        return {}
    scores = {key: {k: one[k] for k in KEPT if k in one} for key, one in summary["scores"].items()}
    data = summary.get("data", {}).get("name", "")
    return {"data": data, "protocol": summary["protocol"]["name"], "demo": summary["demo"], "scores": scores}


def _tell(chosen: str, folds: list[str]) -> str:
    if len(folds) == 1:
        return f"its one network, {chosen}"
    return f"the network of {chosen}, one of {len(folds)} (another: --fold)"
