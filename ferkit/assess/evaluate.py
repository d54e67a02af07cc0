"""Evaluate a model on labelled data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferkit.assess.classify import Classified, Classifier, Progress
from ferkit.assess.data import Data, read_data
from ferkit.assess.labels import match_labels, read_renames
from ferkit.assess.result import NO_FACE, Evaluation, NoFace
from ferkit.assess.scores import compare_groups, count, measure_scores, score_classes
from ferkit.assess.shift.kinds import read_kinds
from ferkit.assess.shift.measure import measure_shift
from ferkit.assess.trained_on import read_trained_on
from ferkit.assess.units import check_groups, find_compared_units, find_units
from ferkit.assess.warn import describe_results, describe_shift
from ferkit.errors import DataError
from ferkit.interfaces import Sample
from ferkit.messages import printable, suggest
from ferkit.predict import Predictor
from ferkit.predict.model.load import InMemory, Source, find_source
from ferkit.predict.model.which import FoldChoice, WhichNetwork
from ferkit.runtime.disk_cache import file_sha256


def no_progress(task: str, done: int, total: int) -> None:
    """Show no progress."""


def evaluate(
    model: Source,
    data: str | Path | Sequence[Sample],
    *,
    overrides: Sequence[str] = (),
    rename: Mapping[str, str] | Iterable[str] = (),
    by: Sequence[str] = (),
    group: str | None = None,
    among: Sequence[str] = (),
    split: str | None = None,
    no_face: NoFace = "wrong",
    shift: str | Sequence[str] | bool = (),
    repeat: int | None = None,
    fold: FoldChoice | None = None,
    detector: str | None = None,
    device: str = "auto",
    batch_size: int = 16,
    trust_plugins: bool = False,
    progress: Progress = no_progress,
) -> Evaluation:
    """Score a model on labelled data, from image to label as `ferkit predict` uses it.

    Args:
        model: A run folder, a model file (.safetensors, .onnx or .pt2), the name of a bundled model, a model
            on the Hub ("hf://USER/NAME@REVISION"), or a network of `ferkit.load_model`. None: the bundled
            model.
        data: A folder with one folder for each class, a CSV or TSV list, a recipe for its `[data]`, the name
            of a dataset with its options in `overrides`, or samples.
        overrides: Options of the data, such as "data.root=faces".
        rename: Label of the data to label of the model, or texts such as "happy=happiness". "" drops the
            label's images. Labels are never guessed.
        by: Kinds of group, such as "gender", whose values are scored and compared.
        group: Kind of group that intervals draw, or "image". Default: the coarsest kind with 5 groups that
            all images have. Comparisons draw no groups of the kinds in `by` if there is another kind.
        among: Labels that compete. Default: all labels of the model.
        split: Split of the data to use: "train", "validation" or "test". Default: all images.
        no_face: An image without a face counts as "wrong", or is left out: "skip".
        shift: Kinds of change under which the model is scored too, such as ("blur", "noise"). True: all.
        repeat: Repeat of a run, from 0. Default: the first.
        fold: Fold of a run, from 0; "all" for the mean of the repeat's folds; "refit". Default: "refit" if
            the run has it, or else the first.
        detector: Detector, as for `Predictor`. Default: that of the model.
        device: "auto", "cpu", "cuda" or "cuda:0".
        batch_size: Number of images, and of faces, in a batch.
        trust_plugins: Import modules that the model names, also if no installed plugin provides them.
        progress: Called with (task, images done, images in total).

    Returns:
        The scores with 95% intervals, and the predictions.

    Raises:
        DataError: The data cannot be read, or its labels or groups do not fit the options. Or a kind of
            change is unknown.
        RunError: The model cannot be loaded.
        RecipeError: The recipe or its overrides are invalid.

    Example:
        >>> found = evaluate(None, "faces", rename={"smiling": "happiness"})
        >>> found.scores["accuracy"].value
        0.9
    """
    kinds = read_kinds(shift)
    read = read_data(data, overrides, split, [*by, *([group] if group else [])])
    loading: Any = {"device": device, "batch_size": batch_size, "trust_plugins": trust_plugins}
    model = find_source(model)
    predictor = Predictor(model, repeat=repeat, fold=fold, detector=detector, **loading)
    labels = _choose_labels(predictor.labels, among)
    renames = dict(rename) if isinstance(rename, Mapping) else read_renames(rename)
    images, dropped = match_labels(read.samples, labels, renames)
    check_groups([one.sample for one in images], by, group)
    which = WhichNetwork(repeat, fold)
    trained_on = read_trained_on(model, which, trust_plugins)
    found = Classifier(predictor, labels, trained_on, read.unreadable).classify(images, progress)
    found = _add_origin(found, model, which)
    read = replace(read, warnings=(*filter(None, [predictor.warning]), *read.warnings))
    more: Any = {"dropped": dropped, "by": by, "group": group, "no_face": no_face}
    scored = score_predictions(found, predictor.title, read, **more)
    shifts = measure_shift(predictor, found, kinds, group=group, no_face=no_face, progress=progress)
    warnings = (*scored.warnings, *describe_shift(shifts))
    return replace(scored, model_sha256=_hash(model), shift=shifts, warnings=warnings)


def _hash(model: Source) -> str | None:
    return file_sha256(model) if isinstance(model, Path) and model.is_file() else None


def score_predictions(
    found: Classified,
    model: str,
    read: Data,
    *,
    dropped: Mapping[str, int],
    by: Sequence[str],
    group: str | None,
    no_face: NoFace,
) -> Evaluation:
    """Compute the scores of classified images; arguments as for `evaluate`."""
    made = [one for one in found.predictions if one.probabilities or no_face == "wrong"]
    if not made:
        raise DataError(
            "Cannot evaluate: no image has a face. Check the images, or choose another --detector."
        )
    labels = tuple(found.labels)
    units = find_units(made, group)
    compared = {kind: find_compared_units(made, group, kind, by) for kind in by}
    confusion = count(made, labels, [one.path for one in made]).sum(axis=(0, 1))
    evaluation = Evaluation(
        model=model,
        data=read.name,
        root=found.root,
        labels=labels,
        no_face=no_face,
        images=len(made),
        faceless=tuple(one.path for one in found.predictions if not one.probabilities),
        unreadable=found.unreadable,
        dropped=dropped,
        trained_on=sum(one.is_trained_on for one in made) if found.is_recorded else None,
        is_mean_of_folds=found.is_mean_of_folds,
        scores=measure_scores(made, labels, units),
        units={one.kind: len(set(one.names)) for one in units},
        classes=score_classes(confusion, labels),
        confusion=_name_counts(confusion, labels),
        by=tuple(compare_groups(made, labels, kind, drawn) for kind, drawn in compared.items()),
        predictions=found.predictions,
    )
    return describe_results(evaluation, read.warnings, found.is_trained_further)


def _add_origin(found: Classified, model: Source, which: WhichNetwork) -> Classified:
    is_further = isinstance(model, InMemory) and model.is_trained_further()
    return replace(found, is_mean_of_folds=which.fold == "all", is_trained_further=is_further)


def _choose_labels(known: Sequence[str], among: Sequence[str]) -> list[str]:
    """Return the labels that compete, in the order of the model. Raises DataError for an unknown one."""
    for label in among:
        if label not in known:
            raise DataError(
                f"Cannot use --among {printable(label)}: the model has no such label. {suggest(label, known)}"
            )
    return [label for label in known if not among or label in among]


def _name_counts(confusion: NDArray[np.float64], labels: Sequence[str]) -> dict[str, dict[str, int]]:
    columns = [*labels, NO_FACE]
    return {
        label: {name: int(number) for name, number in zip(columns, row, strict=True)}
        for label, row in zip(labels, confusion, strict=False)
    }
