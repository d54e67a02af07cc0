"""Open a run folder as a model."""

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
"""Keys of an epoch selection's scores that a model file keeps."""


@dataclass(frozen=True, slots=True)
class RunModel:
    """A network of a run.

    Attributes:
        file: The network.
        description: Of the model.
        choice: A sentence that names the repeat and fold.
    """

    file: Path
    description: Description
    choice: str


def open_run(folder: Path, which: WhichNetwork = FIRST, trust_plugins: bool = False) -> RunModel:
    """Open a network of a run; by default that of its first repeat and fold.

    The scores of folds are on different images, so they do not say which network is the best on others.

    Args:
        folder: The run folder.
        which: The repeat and fold.
        trust_plugins: Import modules that the recipe names, also if no installed plugin provides them.

    Raises:
        RunError: The run has no such network.
        ComponentError: A module is not trusted.
    """
    recipe = _read_recipe(folder, trust_plugins)
    if recipe.estimator:
        raise RunError(
            f"Cannot open {folder}: it is a run of the estimator {recipe.estimator.name!r}. Only networks "
            "can be used on new images. Give a run whose recipe has no [estimator]."
        )
    folds = FIRST.among(path.parent.name for path in folds_dir(folder).glob(f"*/{NETWORK}"))
    if not folds:
        raise RunError(
            f"Cannot open {folder}: it holds no network yet, as no fold is finished (folds/*/{NETWORK})."
        )
    if not (fitting := which.among(folds)):
        there = "; ".join(str(WhichNetwork.of(one)) for one in folds)
        raise RunError(f"{folder} has no network of {which}. Networks: {there}.")
    chosen = fitting[0]
    return RunModel(
        folds_dir(folder) / chosen / NETWORK, describe_run(folder, recipe, chosen), _tell(chosen, folds)
    )


def describe_run(folder: Path, recipe: Recipe, fold: str) -> Description:
    """Describe a network of a run. Raises RunError if its labels differ from those of the run."""
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
        faces=settings.faces,
        temperature=header.temperature or 1.0,
        plugins=recipe.plugins,
        source=f"{recipe.name}, {WhichNetwork.of(fold)}",
        metrics=_metrics(summary),
    )
    return Description.read(made.as_table(), file)  # a run may come from elsewhere


def _read_recipe(folder: Path, trust_plugins: bool) -> Recipe:
    """Read the recipe of a run; its data need not exist."""
    if not (folder / "recipe.toml").is_file():
        raise RunError(f"Cannot open {folder}: it is no run's folder, as it has no recipe.toml.")
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
    """Collect the scores of a finished run; empty for another."""
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
