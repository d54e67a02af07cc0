"""Warnings about an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ferkit.assess.result import Evaluation, Shift
from ferkit.evaluation.metrics.intervals import FEWEST
from ferkit.evaluation.metrics.label_order import find_permutation
from ferkit.messages import count_of, count_some, list_some, printable, quote


def describe_results(
    evaluation: Evaluation, warnings: Sequence[str] = (), is_trained_further: bool = False
) -> Evaluation:
    """Add warnings to an evaluation, before those of its data."""
    own = [
        *_training(evaluation, is_trained_further),
        *_faces(evaluation),
        *_labels(evaluation),
        *_groups(evaluation),
        *warnings,
    ]
    return replace(evaluation, warnings=tuple(own))


def describe_shift(shifts: Sequence[Shift]) -> list[str]:
    """Return a warning about changes that do not alter the pixels of every face."""
    few = [
        f"{shift.kind} {one.level:g} ({one.unaffected} of {shift.faces})"
        for shift in shifts
        for one in shift.levels
        if one.unaffected > 0.05 * shift.faces
    ]
    if not few:
        return []
    return [
        f"These changes do not alter all faces: {list_some(few)}. Grey images stay as they are, small faces "
        "do not shrink, and a box does not grow beyond its image"
    ]


def _training(evaluation: Evaluation, is_trained_further: bool) -> list[str]:
    if evaluation.trained_on is None and is_trained_further:
        return [
            "The network was trained further: its training images are unknown, so these images may be "
            "among them"
        ]
    if evaluation.trained_on is None:
        return [
            "The model file does not record its training images, so these images may be among them. Run "
            "folders and .safetensors files record them"
        ]
    if not evaluation.trained_on:
        return []
    fraction = f"{evaluation.trained_on} of {count_of(evaluation.images, 'image')}"
    if not evaluation.is_mean_of_folds:
        return [f"The model was trained on {fraction}: the scores are optimistic"]
    return [
        f"At least one fold's network was trained on {fraction}: the scores are optimistic. The run's own "
        "scores take each image from a network that was not trained on it"
    ]


def _faces(evaluation: Evaluation) -> list[str]:
    found = []
    if evaluation.faceless:
        effect = "count as wrong" if evaluation.no_face == "wrong" else "are left out"
        other = "skip" if evaluation.no_face == "wrong" else "wrong"
        count = len(evaluation.faceless)
        found.append(
            f"Images without a face {effect}: {count} of {len(evaluation.predictions)}. Other choice: "
            f"--no-face {other}"
        )
    if evaluation.unreadable:
        names = count_some([path for path, _ in evaluation.unreadable])
        found.append(f"Unreadable files are left out: {names}")
    return found


def _labels(evaluation: Evaluation) -> list[str]:
    found = []
    if evaluation.dropped:
        counts = [f"{printable(label)} ({count})" for label, count in evaluation.dropped.items()]
        found.append(f"Images of these labels are left out: {list_some(counts)}")
    unseen = [one.label for one in evaluation.classes if not one.images]
    if unseen:
        seen = ",".join(one.label for one in evaluation.classes if one.images)
        found.append(
            f"No image has the label {list_some(unseen)}. Such answers of the model count as wrong. To let "
            f"only the labels of the data compete: --among {quote(printable(seen))}"
        )
    confusion = [[row[label] for label in evaluation.labels] for row in evaluation.confusion.values()]
    if swapped := find_permutation(confusion, evaluation.labels):
        pairs = [f"{theirs} as {meant}" for theirs, meant in swapped.items()]
        found.append(f"The labels seem to be mixed up: the model seems to use {list_some(pairs)}")
    return found


def _groups(evaluation: Evaluation) -> list[str]:
    few = [
        f"{one.value} ({count_of(one.units, by.unit)})"
        for by in evaluation.by
        for one in by.values
        if one.units < FEWEST
    ]
    if not few:
        return []
    return [
        f"These groups have too few units for an interval or a gap, {FEWEST} are needed: {list_some(few)}"
    ]
