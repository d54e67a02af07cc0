"""Which photographs train, which test, and which epoch's score is reported. Knows nothing of networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from ferkit.errors import DataError
from ferkit.recipe import Protocol


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One training: positions of the training and of the test faces. repeat and fold count from 0."""

    repeat: int
    fold: int
    train: NDArray[np.intp]
    test: NDArray[np.intp]

    @property
    def name(self) -> str:
        return f"repeat{self.repeat}_fold{self.fold}"


def cells(protocol: Protocol, truth: Sequence[str]) -> Iterator[Cell]:
    """Stratified folds, each the test fold once, for every repeat (the paper, section 2.6).

    truth: each face's label. Raises DataError as `check_classes` does.
    """
    check_classes(protocol, truth)
    for repeat in range(protocol.repeats):
        seed = protocol.seed + (repeat if protocol.new_folds else 0)
        folds = StratifiedKFold(protocol.folds, shuffle=True, random_state=seed)
        for fold, (train, test) in enumerate(folds.split(np.zeros(len(truth)), truth)):
            yield Cell(repeat, fold, train, test)


def check_classes(protocol: Protocol, truth: Sequence[str]) -> None:
    """Raises DataError where there are fewer than two classes, or images of one than folds."""
    counts = Counter(truth)
    if len(counts) < 2:
        raise DataError(
            f"the data has {', '.join(map(repr, counts)) or 'no class'}; there must be two classes or more"
        )
    for label, count in sorted(counts.items()):
        if count < protocol.folds:
            images = "1 image" if count == 1 else f"{count} images"
            raise DataError(
                f"class {label!r} has {images}; {protocol.folds} stratified folds need at least "
                f"{protocol.folds} of each class. Add images, or leave the class out of the data."
            )


@dataclass(frozen=True, slots=True)
class EpochScore:
    """One epoch's scores on the test fold of its cell; epochs count from 1."""

    repeat: int
    fold: int
    epoch: int
    accuracy: float
    mean_recall: float


@dataclass(frozen=True, slots=True)
class Selection:
    """One epoch of every cell, and what these come to.

    selected_on_test: whether the test fold's own labels chose the epoch, which makes the score
    optimistic; folds and epochs: by repeat and fold; repeats: mean over the folds, by repeat;
    deviation: sample standard deviation over the repeats, None for a single one. Shares in 0..1.
    """

    title: str
    selected_on_test: bool
    accuracy: float
    mean_recall: float
    repeats: list[float]
    folds: list[list[float]]
    epochs: list[list[int]]
    deviation: float | None


def select(scores: Sequence[EpochScore]) -> Mapping[str, Selection]:
    """The three readings of "best average results" (SPEC, ambiguity 13), the paper's own first."""
    repeats: dict[int, dict[int, list[EpochScore]]] = {}
    for one in sorted(scores, key=lambda one: one.epoch):
        repeats.setdefault(one.repeat, {}).setdefault(one.fold, []).append(one)
    runs = [[folds[fold] for fold in sorted(folds)] for _, folds in sorted(repeats.items())]
    best = [[max(fold, key=lambda one: one.accuracy) for fold in run] for run in runs]
    last = [[fold[-1] for fold in run] for run in runs]
    common = [max(zip(*run, strict=False), key=lambda row: mean(o.accuracy for o in row)) for run in runs]
    return {
        "best_epoch": _summarise("Best epoch of each fold, chosen on the test fold", True, best),
        "best_common_epoch": _summarise(
            "Best epoch of all folds together, chosen on the test folds", True, common
        ),
        "last_epoch": _summarise("Last epoch", False, last),
    }


def _summarise(title: str, is_selected: bool, chosen: Sequence[Sequence[EpochScore]]) -> Selection:
    repeats = [mean(one.accuracy for one in run) for run in chosen]
    return Selection(
        title=title,
        selected_on_test=is_selected,
        accuracy=mean(repeats),
        mean_recall=mean(mean(one.mean_recall for one in run) for run in chosen),
        repeats=repeats,
        folds=[[one.accuracy for one in run] for run in chosen],
        epochs=[[one.epoch for one in run] for run in chosen],
        deviation=stdev(repeats) if len(repeats) > 1 else None,
    )
