"""Open a run folder as a model."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ferkit.errors import RunError
from ferkit.evaluation.run_files import (
    REFIT,
    folds_dir,
    is_finished,
    network_dir,
    read_choice,
    read_resolved,
    read_summary,
)
from ferkit.evaluation.summary import Summary
from ferkit.messages import count_of, list_some, quote, shorten
from ferkit.neural.checkpoint import read_header
from ferkit.neural.options import Model
from ferkit.neural.preprocessing import describe_normalize, is_same_normalize
from ferkit.predict.model.description import Description
from ferkit.predict.model.which import WhichNetwork
from ferkit.recipe.grid import recipe_of_fold
from ferkit.recipe.parse import load_plugins_of_run
from ferkit.recipe.schema import Recipe

log = logging.getLogger("ferkit")

FIRST = WhichNetwork()
NETWORK = "model.safetensors"
NO_OWN_SCORE = "Scores of the run's folds; this refit network has no score of its own"
NO_ENSEMBLE_SCORE = "Means over the run's single networks; the mean of their probabilities was not scored"
KEPT = ("title", "selected_on_test", "accuracy", "mean_recall", "macro_f1", "nll", "ece")
"""Keys of an epoch selection's scores that a model file keeps."""


@dataclass(frozen=True, slots=True)
class RunModel:
    """A network of a run, or the networks of all folds of a repeat.

    Attributes:
        files: The network, or one for each fold.
        models: The section [model] of each network.
        temperatures: Temperature of each network.
        description: Of the model.
        choice: A sentence that names the repeat and fold.
        name: Name of the network's folder; "all" for several networks.
        warning: A sentence if the run is not finished, or "".
    """

    files: tuple[Path, ...]
    models: tuple[Model, ...]
    temperatures: tuple[float, ...]
    description: Description
    choice: str
    name: str
    warning: str = ""

    @property
    def file(self) -> Path:
        """The network, or that of the first fold."""
        return self.files[0]

    def warn(self) -> None:
        """Log the warning, if any."""
        if self.warning:
            log.warning(self.warning)


def open_run(folder: Path, which: WhichNetwork = FIRST, trust_plugins: bool = False) -> RunModel:
    """Open a network of a run. Default: the refit network, or else that of the first repeat and fold.

    The scores of folds are on different images, so they do not say which network is the best on others.

    Args:
        folder: The run folder.
        which: The repeat and fold. Fold "all" opens all folds of a repeat, by default of the first.
        trust_plugins: Import modules that the recipe names, also if no installed plugin provides them.

    Raises:
        RunError: The run has no such network, or its folds cannot be combined.
        ComponentError: A module is not trusted.
    """
    recipe = _read_recipe(folder, trust_plugins)
    if recipe.estimator:
        raise RunError(
            f"Cannot open {folder}: it is a run of the estimator {recipe.estimator.name!r}. Only networks "
            "can be used on new images. Give a run whose recipe has no [estimator]."
        )
    opened = _open(folder, which, recipe)
    return opened if is_finished(folder) else replace(opened, warning=_warn(folder, recipe, opened.name))


def _open(folder: Path, which: WhichNetwork, recipe: Recipe) -> RunModel:
    has_refit = (network_dir(folder, REFIT) / NETWORK).is_file()
    if which.fold == REFIT or (has_refit and not which.is_given):
        return _open_refit(folder, recipe, has_refit)
    folds = FIRST.among(path.parent.name for path in folds_dir(folder).glob(f"*/{NETWORK}"))
    if which.fold == "all":
        return _open_all(folder, recipe, which, folds)
    if not folds:
        raise RunError(
            f"Cannot open {folder}: it holds no network yet, as no fold is finished (folds/*/{NETWORK})."
        )
    if not (fitting := which.among(folds)):
        there = "; ".join(str(WhichNetwork.of(one)) for one in folds)
        raise RunError(f"{folder} has no network of {which}. Networks: {there}.")
    return _open_one(folder, recipe, fitting[0], _tell(fitting[0], folds))


def _warn(folder: Path, recipe: Recipe, name: str) -> str:
    """Say that a run is not finished, and name the epoch of a network in training."""
    place = network_dir(folder, name)
    epoch = None
    if not (place / "finished.json").is_file() and (place / "choice.json").is_file():
        epoch = read_choice(folder, name).get("epoch")
    epochs = recipe_of_fold(folder, recipe, name).fit.epochs
    state = f": its network comes from epoch {epoch} of {epochs}" if isinstance(epoch, int) else ""
    command = f"ferkit run RECIPE --out {quote(folder)} --resume"
    return f"{folder}: the run is not finished{state}. Resume it: {command}"


def _open_one(folder: Path, recipe: Recipe, name: str, choice: str) -> RunModel:
    description = describe_run(folder, recipe, name)
    file = network_dir(folder, name) / NETWORK
    return RunModel((file,), (description.model,), (description.temperature,), description, choice, name)


def _open_refit(folder: Path, recipe: Recipe, has_refit: bool) -> RunModel:
    if not has_refit and recipe.search:
        raise RunError(
            f"Cannot open the refit network of {folder}: a run with [search] has none, as each fold has its "
            "own best settings. Use one --fold."
        )
    if not has_refit:
        raise RunError(
            f"Cannot open the refit network of {folder}: the run has none. Add it: ferkit run RECIPE --out "
            f"{quote(folder)} --resume --refit"
        )
    opened = _open_one(folder, recipe, REFIT, "refit network, trained on all images of the run")
    description = replace(opened.description, source=f"{recipe.name}, refit on all images")
    return replace(opened, description=_without_own_score(description, NO_OWN_SCORE))


def _open_all(folder: Path, recipe: Recipe, which: WhichNetwork, folds: Sequence[str]) -> RunModel:
    """Open all folds of a repeat. Raises RunError if one is missing, or they need different input."""
    if not is_finished(folder):
        raise RunError(
            f"Cannot use fold 'all' of {folder}: the run is not finished. Finish it: ferkit run RECIPE --out "
            f"{quote(folder)} --resume"
        )
    repeat = which.repeat or 0
    expected = _folds_of(read_summary(folder), repeat)
    if missing := [name for name in expected if name not in folds]:
        raise RunError(
            f"Cannot use fold 'all' of {folder}: folds/{missing[0]}/{NETWORK} is missing. Restore it, or use "
            "one --fold."
        )
    if not expected:
        raise RunError(f"{folder} has no repeat {repeat}. Repeats count from 0.")
    each = [describe_run(folder, recipe, name) for name in expected]
    hint = "Use one --fold." if recipe.search else "Use one --fold, or --fold refit."
    _check_same_input(folder, expected, each, hint)
    choice = f"mean of the {count_of(len(expected), 'fold')} of repeat {repeat}"
    description = replace(each[0], temperature=1.0, source=f"{recipe.name}, {choice}")
    return RunModel(
        tuple(network_dir(folder, name) / NETWORK for name in expected),
        tuple(one.model for one in each),
        tuple(one.temperature for one in each),
        _without_own_score(description, NO_ENSEMBLE_SCORE),
        choice,
        "all",
    )


def _folds_of(summary: Summary, repeat: int) -> list[str]:
    """List the folders of a repeat's folds; empty if there is no such repeat."""
    known = (one["folds"] for one in summary.scores.values() if isinstance(one.get("folds"), list))
    repeats: list[Any] = next(known, [])
    count = len(repeats[repeat]) if repeat < len(repeats) and isinstance(repeats[repeat], list) else 0
    return [f"repeat{repeat}_fold{number}" for number in range(count)]


def _check_same_input(folder: Path, names: Sequence[str], each: Sequence[Description], hint: str) -> None:
    """Raise RunError if the settings of one fold need other input or labels than those of another."""
    first = each[0]
    for name, one in zip(names, each, strict=True):
        if difference := _describe_difference(first.model, one.model):
            key, ours, theirs = difference
            raise RunError(
                f"Cannot use fold 'all' of {folder}: its folds need different images. model.{key} is {ours} "
                f"in {names[0]} and {theirs} in {name}. {hint}"
            )
        if one.labels != first.labels:
            raise RunError(
                f"Cannot use fold 'all' of {folder}: {name} has labels {list_some(one.labels)}, but "
                f"{names[0]} has {list_some(first.labels)}."
            )


def _describe_difference(first: Model, other: Model) -> tuple[str, object, object] | None:
    """Return (key, first value, other value) of a difference in the input of two networks."""
    for key in ("image_size", "color"):
        if (ours := getattr(first, key)) != (theirs := getattr(other, key)):
            return key, ours, theirs
    ours, theirs = first.normalize, other.normalize
    if ours == theirs or ("pretrained" not in (ours, theirs) and is_same_normalize(ours, theirs)):
        return None
    return "normalize", describe_normalize(ours), describe_normalize(theirs)


def _without_own_score(description: Description, note: str) -> Description:
    """Say in the titles of the scores that they are those of the run's folds."""
    scores = description.metrics.get("scores", {})
    noted = {key: {**one, "title": f"{one.get('title', '')}. {note}"} for key, one in scores.items()}
    return replace(description, metrics={**description.metrics, "scores": noted} if scores else {})


def describe_run(folder: Path, recipe: Recipe, fold: str) -> Description:
    """Describe a network of a run. Raises RunError if its labels differ from those of the run."""
    file = network_dir(folder, fold) / NETWORK
    header, summary = read_header(file), read_summary(folder) if is_finished(folder) else None
    if summary and summary.labels != tuple(header.labels):
        theirs, ours = list_some(header.labels), list_some(summary.labels)
        raise RunError(f"{file} has labels {theirs}, but the run has {ours}. Is it from another run?")
    settings = recipe_of_fold(folder, recipe, fold)
    changes: dict[str, Any] = {"initial": None, "initial_part": None}
    if settings.model.normalize == "pretrained" and header.normalize:
        changes["normalize"] = header.normalize
    made = Description(
        labels=tuple(header.labels),
        model=settings.model.model_copy(update=changes),
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


def _tell(chosen: str, folds: Sequence[str]) -> str:
    which = WhichNetwork.of(chosen)
    if len(folds) == 1:
        return f"its only network ({which})"
    other = WhichNetwork.of(next(one for one in folds if one != chosen))
    return f"network of {which}, one of {len(folds)} (another: {other.options})"
