"""Find the doubtful labels of a run, from the predictions of its test images."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferkit.audit.labels.confident import find_doubts
from ferkit.errors import RunError
from ferkit.evaluation.epoch_selection import EpochScore, epoch_selections
from ferkit.evaluation.run_files import Predictions, join, read_images, read_metrics, read_summary
from ferkit.evaluation.scores import choice_measure, selection_predictions
from ferkit.messages import percent


@dataclass(frozen=True, slots=True)
class DoubtfulLabel:
    """An image whose label the networks doubt.

    Attributes:
        path: Path of the image, as the run recorded it.
        name: Path relative to the common folder of the run's test images.
        label: The given label.
        suggested: The label that the networks support.
        self_confidence: Probability of the given label, 0..1, mean over repeats.
        suggested_probability: Probability of the suggested label, 0..1, mean over repeats.
    """

    path: str
    name: str
    label: str
    suggested: str
    self_confidence: float
    suggested_probability: float


@dataclass(frozen=True, slots=True)
class ClassDoubt:
    """Doubt of a class.

    Attributes:
        label: The class.
        images: Number of test images with this label.
        threshold: Their mean self-confidence, 0..1. None without images.
        doubtful: Number of these images with a doubtful label.
        suggested: Number of images with another label for which this one is suggested.
    """

    label: str
    images: int
    threshold: float | None
    doubtful: int
    suggested: int


@dataclass(frozen=True, slots=True)
class LabelAudit:
    """The doubtful labels of a run.

    Attributes:
        run: Run folder.
        root: Common folder of the test images.
        selection: Title of the epoch selection whose predictions were used.
        repeats: Number of repeats that the probabilities are averaged over, at most.
        images: Number of test images.
        accuracy: Fraction of images whose most probable label is the given one, 0..1.
        classes: The classes, in the order of the run's labels.
        doubtful: The images with a doubtful label, lowest self-confidence first.
    """

    run: str
    root: str
    selection: str
    repeats: int
    images: int
    accuracy: float
    classes: tuple[ClassDoubt, ...]
    doubtful: tuple[DoubtfulLabel, ...]

    @property
    def warning(self) -> str:
        """A sentence if the accuracy is near chance; or else ""."""
        chance = 1 / len(self.classes)
        if self.accuracy >= min(2 * chance, (1 + chance) / 2):  # twice chance would be 100% of two classes
            return ""
        return (
            f"Accuracy is near chance ({percent(chance)}): these networks learnt too little. Do not use this "
            "list."
        )


def audit_labels(run_dir: Path) -> LabelAudit:
    """Find the doubtful labels of a finished run by confident learning.

    Each test image has the probabilities of networks that were not trained on it, one for each repeat. They
    are averaged. The epoch is the one that no test image selected.

    Args:
        run_dir: The run folder.

    Returns:
        The doubtful labels, lowest self-confidence first.

    Raises:
        RunError: The run is not finished, a file is missing or broken, or its images have changed labels.
    """
    summary, metrics = read_summary(run_dir), read_metrics(run_dir)
    scores = [EpochScore.of_row(row) for row in metrics]
    if not scores:
        raise RunError(f"Cannot audit the labels of {run_dir}: metrics.jsonl is empty. Run the recipe again.")
    found = epoch_selections(scores, choice_measure(summary.protocol, metrics))
    chosen = next(one for one in found.values() if one.file and not one.selected_on_test)
    made = selection_predictions(run_dir, str(chosen.file), chosen.chosen, summary.labels)
    together = join([fold for repeat in made for fold in repeat])
    _check_labels(run_dir, together)
    paths, given, probabilities = average(together)
    return _describe(run_dir, chosen.title, len(made), summary.labels, paths, given, probabilities)


def average(made: Predictions) -> tuple[list[str], NDArray[np.intp], NDArray[np.float64]]:
    """Average the probabilities of each image over its predictions.

    Args:
        made: The predictions of all folds and repeats.

    Returns:
        N paths, (N,) label indices and (N, K) probabilities, in the order of first occurrence. A path with
        two labels is two images.
    """
    keys = list(zip(made.paths, made.true_indices.tolist(), strict=True))
    places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    rows = np.array([places[key] for key in keys], dtype=np.intp)
    sums = np.zeros((len(places), len(made.labels)))
    np.add.at(sums, rows, made.probabilities)
    counts = np.bincount(rows, minlength=len(places))
    given = np.array([index for _, index in places], dtype=np.intp)
    return [path for path, _ in places], given, sums / counts[:, None]


def _check_labels(run_dir: Path, made: Predictions) -> None:
    """Raise RunError if the predictions and the run's list of images disagree about a label."""
    if not made.paths:
        raise RunError(f"Cannot audit the labels of {run_dir}: it has no predictions. Run the recipe again.")
    known: dict[str, set[str]] = {}
    for image in read_images(run_dir):
        known.setdefault(image.path, set()).add(image.label)
    for path, label in zip(made.paths, made.truth, strict=True):
        if label not in known.get(path, ()):
            listed = " and ".join(sorted(known.get(path, ()))) or "no such image"
            raise RunError(
                f"Cannot audit the labels of {run_dir}: its predictions label {path} as {label}, its "
                f"manifest.csv has {listed}. Labels have changed since the run. Run the recipe again."
            )
    if not np.isfinite(made.probabilities).all():
        raise RunError(
            f"Cannot audit the labels of {run_dir}: a probability is not finite. Run the recipe again."
        )


def _describe(
    run_dir: Path,
    title: str,
    repeats: int,
    labels: Sequence[str],
    paths: Sequence[str],
    given: NDArray[np.intp],
    probabilities: NDArray[np.float64],
) -> LabelAudit:
    found = find_doubts(given, probabilities)
    root = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])
    doubted = np.flatnonzero(found.suggested != given)
    ranked = doubted[np.argsort(found.self_confidence[doubted], kind="stable")]
    doubtful = [
        DoubtfulLabel(
            paths[i],
            Path(os.path.relpath(os.path.abspath(paths[i]), root)).as_posix(),
            labels[given[i]],
            labels[found.suggested[i]],
            float(found.self_confidence[i]),
            float(probabilities[i, found.suggested[i]]),
        )
        for i in ranked.tolist()
    ]
    images = np.bincount(given, minlength=len(labels)).tolist()
    thresholds = [float(one) if count else None for one, count in zip(found.thresholds, images, strict=True)]
    classes = _count(labels, images, thresholds, doubtful)
    accuracy = float(np.mean(probabilities.argmax(axis=1) == given))
    return LabelAudit(str(run_dir), root, title, repeats, len(paths), accuracy, classes, tuple(doubtful))


def _count(
    labels: Sequence[str],
    images: Sequence[int],
    thresholds: Sequence[float | None],
    doubtful: Sequence[DoubtfulLabel],
) -> tuple[ClassDoubt, ...]:
    given, suggested = Counter(one.label for one in doubtful), Counter(one.suggested for one in doubtful)
    return tuple(
        ClassDoubt(label, count, threshold, given[label], suggested[label])
        for label, count, threshold in zip(labels, images, thresholds, strict=True)
    )
