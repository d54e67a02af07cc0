"""Compute the scores of a run from its predictions, for every epoch selection."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from ferkit.data.split_file import read_split
from ferkit.errors import DataError, RunError
from ferkit.evaluation.epoch_selection import CHOSEN_FILE, EpochScore, EpochSelection, epoch_selections
from ferkit.evaluation.formatting import NAMES
from ferkit.evaluation.metrics.calibration import apply_temperature, calibration_error
from ferkit.evaluation.metrics.intervals import FEWEST, METRICS, cluster_confusions, score_interval
from ferkit.evaluation.metrics.label_order import find_permutation
from ferkit.evaluation.metrics.scores import Scores, score
from ferkit.evaluation.protocol_options import Measure
from ferkit.evaluation.run_files import (
    AGAIN,
    ImageRecord,
    Predictions,
    folds_dir,
    join,
    read_choice,
    read_images,
    read_metrics,
    read_predictions,
)
from ferkit.messages import shorten

MEANS = tuple(name for name in NAMES if name != "ece")
"""Scores that are means over folds, then over repeats.

ECE is computed on all images of a repeat, because it is biased upwards for few images.
"""


@dataclass(frozen=True, slots=True)
class Clusters:
    """The units of the bootstrap.

    Attributes:
        kind: "image" or a kind of group.
        of: Path to cluster.
    """

    kind: str
    of: Mapping[str, str]


def choice_measure(protocol: Mapping[str, Any], metrics: Sequence[Mapping[str, Any]]) -> Measure | None:
    """Return the measure on validation images, or None if the run monitored test images."""
    is_validated = any(row.get("watched") == "validation" for row in metrics)
    return protocol.get("choose_by", "accuracy") if is_validated else None


def evaluate(run_dir: Path, protocol: Mapping[str, Any], labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Score every epoch selection, as in summary.json. Raises RunError for an incomplete folder."""
    metrics = read_metrics(run_dir)
    scores = [EpochScore.of_row(row) for row in metrics]
    images, merged = read_images(run_dir), merged_groups(protocol)
    found = epoch_selections(scores, choice_measure(protocol, metrics))
    _check_whole(run_dir, scores)
    return {key: _describe(run_dir, one, labels, images, merged) for key, one in found.items()}


def _check_whole(run_dir: Path, scores: Sequence[EpochScore]) -> None:
    """Raise RunError if a repeat has fewer folds than another."""
    folds: dict[int, set[int]] = {}
    for one in scores:
        folds.setdefault(one.repeat, set()).add(one.fold)
    if len(set(map(frozenset, folds.values()))) != 1:
        raise RunError(f"{run_dir / 'metrics.jsonl'}: not every repeat has every fold. Run the recipe again.")


def find_clusters(
    images: Sequence[ImageRecord], tested: Collection[str], merged: Mapping[str, str] | None = None
) -> list[Clusters]:
    """Return clusters by the coarsest kind with enough groups, if any, and by image.

    Args:
        images: The images of the run.
        tested: Paths of the test images.
        merged: Group to the group that it counts as.
    """
    own = [one for one in images if one.path in tested]
    by_image = Clusters("image", {one.path: one.path for one in images})
    shared = set.intersection(*(set(one.groups) for one in own)) if own else set()
    counts = {kind: len({one.groups[kind] for one in own}) for kind in shared}
    enough = {kind: count for kind, count in counts.items() if count >= FEWEST}
    if not enough:
        return [by_image]
    kind = min(enough, key=lambda kind: (enough[kind], kind))
    names = {one.path: one.groups[kind] for one in own}
    return [Clusters(kind, {path: (merged or {}).get(name, name) for path, name in names.items()}), by_image]


def merged_groups(protocol: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the merged groups of the protocol's split file, or none if there is no such file."""
    try:
        return read_split(protocol["split"]).merged if protocol.get("split") else {}
    except DataError:
        return {}


def selection_predictions(
    run_dir: Path, file: str, chosen: Sequence[Sequence[EpochScore]], labels: Sequence[str]
) -> list[list[Predictions]]:
    """Read the predictions of the selected epochs, by repeat and fold."""
    return [[read_predictions(_folder(run_dir, one) / file, labels) for one in run] for run in chosen]


def _folder(run_dir: Path, one: EpochScore) -> Path:
    return folds_dir(run_dir) / f"repeat{one.repeat}_fold{one.fold}"


def _describe(
    run_dir: Path,
    selection: EpochSelection,
    labels: Sequence[str],
    images: Sequence[ImageRecord],
    merged: Mapping[str, str],
) -> dict[str, Any]:
    facts: dict[str, Any] = {"title": selection.title, "selected_on_test": selection.selected_on_test}
    facts["epochs"] = [[one.epoch for one in run] for run in selection.chosen]
    if selection.file is None:  # the predictions of that epoch are not saved
        folds = [[one.accuracy for one in run] for run in selection.chosen]
        recall = mean(mean(one.mean_recall for one in run) for run in selection.chosen)
        return facts | _repeats(folds) | {"accuracy": mean(map(mean, folds)), "mean_recall": recall}
    made = selection_predictions(run_dir, selection.file, selection.chosen, labels)
    scored = [[score(one.truth, one.probabilities, labels) for one in run] for run in made]
    facts |= _repeats([[one.accuracy for one in run] for run in scored])
    _check_kept(run_dir, selection, scored)
    facts |= {name: mean(mean(getattr(one, name) for one in run) for run in scored) for name in MEANS}
    everything = join([one for run in made for one in run])
    together = score(everything.truth, everything.probabilities, labels)
    facts["ece"] = mean(calibration_error((one := join(run)).true_indices, one.probabilities) for run in made)
    facts |= _details(together, labels)
    clusters = find_clusters(images, set(everything.paths), merged)
    facts["intervals"] = {one.kind: _intervals(made, one, labels) for one in clusters}
    facts["clusters"] = {one.kind: len({one.of[path] for path in everything.paths}) for one in clusters}
    if selection.file == CHOSEN_FILE:
        facts["choices"] = [
            [read_choice(run_dir, _folder(run_dir, one).name) for one in run] for run in selection.chosen
        ]
        facts["calibrated"] = _calibrated(made, facts["choices"], labels)
    return facts


def _repeats(folds: list[list[float]]) -> dict[str, Any]:
    """Return accuracies by fold, means by repeat, and the standard deviation over repeats."""
    repeats = [mean(run) for run in folds]
    return {"folds": folds, "repeats": repeats, "deviation": stdev(repeats) if len(repeats) > 1 else None}


def _details(together: Scores, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "classes": [asdict(one) for one in together.classes],
        "confusion": [list(row) for row in together.confusion],
        "permuted": find_permutation(together.confusion, labels),
    }


def _check_kept(run_dir: Path, selection: EpochSelection, scored: Sequence[Sequence[Scores]]) -> None:
    """Raise RunError if the saved predictions belong to another epoch."""
    for chosen_run, scored_run in zip(selection.chosen, scored, strict=True):
        for chosen, found in zip(chosen_run, scored_run, strict=True):
            folder = _folder(run_dir, chosen)
            if selection.file == CHOSEN_FILE:
                choice = read_choice(run_dir, folder.name)
                is_kept = (choice["epoch"], choice["candidate"]) == (chosen.epoch, chosen.candidate)
            else:
                is_kept = abs(found.accuracy - chosen.accuracy) < 1e-6
            if not is_kept:
                raise RunError(
                    f"{folder / str(selection.file)} is not of epoch {chosen.epoch}, which metrics.jsonl "
                    "selects: the fold was resumed with different results. Run the recipe again."
                )


def _intervals(
    made: Sequence[Sequence[Predictions]], clusters: Clusters, labels: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """Map metrics to (low, high). The predictions of an image in all repeats are drawn together."""
    parts = [(f"{r} {f}", one) for r, run in enumerate(made) for f, one in enumerate(run)]
    everything = join([one for _, one in parts])
    folds = [name for name, one in parts for _ in one.paths]
    if unknown := [path for path in everything.paths if path not in clusters.of]:
        raise RunError(f"manifest.csv does not list {shorten(unknown[0])}, which has a prediction. {AGAIN}")
    names = [clusters.of[path] for path in everything.paths]
    counts = cluster_confusions(everything.truth, everything.predicted, names, labels, folds)
    found = {metric: score_interval(counts, metric) for metric in METRICS}
    return {metric: (one.low, one.high) for metric, one in found.items()}


def _calibrated(
    made: Sequence[Sequence[Predictions]],
    choices: Sequence[Sequence[Mapping[str, Any]]],
    labels: Sequence[str],
) -> dict[str, float]:
    """Return scores of the test images, scaled with the temperature from validation images."""
    scores, errors = [], []
    for run, chosen in zip(made, choices, strict=True):
        softened = [
            Predictions(labels, one.paths, one.truth, apply_temperature(one.probabilities, c["temperature"]))
            for one, c in zip(run, chosen, strict=True)
        ]
        scores.append([score(one.truth, one.probabilities, labels) for one in softened])
        errors.append(calibration_error((one := join(softened)).true_indices, one.probabilities))
    names = ("nll", "brier")
    means = {name: mean(mean(getattr(one, name) for one in run) for run in scores) for name in names}
    return {**means, "ece": mean(errors)}
