"""A run's folder as a model: which fold's network, built how, and what is known of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ferkit.errors import RunError
from ferkit.evaluation.run_files import folds_dir, is_finished, read_resolved, read_summary
from ferkit.evaluation.summary import Summary
from ferkit.messages import list_some, shorten
from ferkit.neural.checkpoint import read_header
from ferkit.predict.model.description import Description
from ferkit.predict.model.which import WhichNetwork
from ferkit.recipe.grid import recipe_of_fold
from ferkit.recipe.parse import load_plugins_of_run
from ferkit.recipe.schema import Recipe

FIRST = WhichNetwork()
NETWORK = "model.safetensors"
KEPT = ("title", "selected_on_test", "accuracy", "mean_recall", "macro_f1", "nll", "ece")
"""Of each epoch selection's scores, what a model file carries on."""


@dataclass(frozen=True, slots=True)
class RunModel:
    """file: the network; choice: a sentence about which of the run's networks it is."""

    file: Path
    description: Description
    choice: str


def open_run(folder: Path, which: WhichNetwork = FIRST, trust_plugins: bool = False) -> RunModel:
    """Open the network of a run; without a choice, that of its first repeat and fold.

    Which of a run's folds classifies best on other images nobody knows: their scores are on different
    images. So the first is taken, and said. Raises RunError where there is no network, ComponentError where
    a module that the recipe names is provided by no installed plugin, unless trust_plugins is true.
    """
    recipe = _read_recipe(folder, trust_plugins)
    if recipe.estimator:
        raise RunError(
            f"{folder} is a run of the estimator {recipe.estimator.name!r}. Networks alone can be used on "
            "new images: take a run whose recipe has no [estimator]."
        )
    folds = FIRST.among(path.parent.name for path in folds_dir(folder).glob(f"*/{NETWORK}"))
    if not folds:
        raise RunError(f"{folder} holds no network yet: no fold is finished (folds/*/{NETWORK})")
    if not (fitting := which.among(folds)):
        there = "; ".join(str(WhichNetwork.of(one)) for one in folds)
        raise RunError(f"{folder} has no network of {which}. Networks: {there}.")
    chosen = fitting[0]
    return RunModel(
        folds_dir(folder) / chosen / NETWORK, describe_run(folder, recipe, chosen), _tell(chosen, folds)
    )


def describe_run(folder: Path, recipe: Recipe, fold: str) -> Description:
    """Raises RunError where the network is one of other labels than the run's."""
    file = folds_dir(folder) / fold / NETWORK
    header, summary = read_header(file), read_summary(folder) if is_finished(folder) else None
    if summary and summary.labels != tuple(header.labels):
        theirs, ours = list_some(header.labels), list_some(summary.labels)
        raise RunError(f"{file} has labels {theirs}, but the run has {ours}. Is it from another run?")
    settings = recipe_of_fold(folder, recipe, fold)
    made = Description(
        labels=tuple(header.labels),
        model=settings.model.model_copy(update={"initial": None, "initial_part": None}),
        detector=settings.detector,
        margin=settings.faces.margin,
        temperature=header.temperature or 1.0,
        plugins=recipe.plugins,
        source=f"{recipe.name}, {WhichNetwork.of(fold)}",
        metrics=_metrics(summary),
    )
    return Description.read(made.as_table(), file)  # a run may come from elsewhere


def _read_recipe(folder: Path, trust_plugins: bool) -> Recipe:
    """As it was run; its data need not be here."""
    if not (folder / "recipe.toml").is_file():
        raise RunError(f"{folder} is no run's folder: it has no recipe.toml")
    table = read_resolved(folder)
    load_plugins_of_run(table, folder, trust_plugins)
    try:
        return Recipe.model_validate_json(json.dumps(table, default=str))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "recipe"
        raise RunError(
            f"Cannot read {folder / 'recipe.toml'}: {shorten(key)}: {shorten(first['msg'], 120)}. Was it "
            "made by another version of ferkit?"
        ) from error


def _metrics(summary: Summary | None) -> dict[str, Any]:
    """None where the run is not finished."""
    if summary is None:
        return {}
    scores = {key: {k: one[k] for k in KEPT if k in one} for key, one in summary.scores.items()}
    data, protocol = summary.data.name, summary.protocol["name"]
    return {"data": data, "protocol": protocol, "demo": summary.demo, "scores": scores}


def _tell(chosen: str, folds: list[str]) -> str:
    which = WhichNetwork.of(chosen)
    if len(folds) == 1:
        return f"its only network ({which})"
    other = WhichNetwork.of(next(one for one in folds if one != chosen))
    return f"network of {which}, one of {len(folds)} (another: {other.options})"
