"""Choice of hyperparameters by an inner cross-validation on the training faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import recall_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from ferkit.plugin import DataError
from ferkit_dsgplvm.kernel import Array
from ferkit_dsgplvm.model import ModelOptions, fit_model
from ferkit_dsgplvm.neighbours import NearestClass
from ferkit_dsgplvm.views import Scaling, ViewScaler


@dataclass(frozen=True, slots=True)
class Training:
    """Training faces of the search.

    Attributes:
        features: Features of each descriptor, (N, D).
        names: Names of the descriptors.
        classes: (N,) classes.
        groups: (N,) groups that no two inner folds share, or None.
        variance: Fraction of the variance that PCA keeps.
        scaling: Scaling of the views.
    """

    features: Sequence[Array]
    names: Sequence[str]
    classes: NDArray[np.int64]
    groups: NDArray[np.str_] | None
    variance: float
    scaling: Scaling

    def scalers(self, rows: NDArray[np.int64]) -> list[ViewScaler]:
        return [
            ViewScaler(features[rows], name, self.variance, self.scaling)
            for features, name in zip(self.features, self.names, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Options of the search.

    Attributes:
        folds: Number of inner folds.
        cycles: Cycles of each fit.
        neighbours: Option of `NearestClass`.
        seed: Seed of the inner folds.
    """

    folds: int
    cycles: int
    neighbours: int
    seed: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen options, and their UAR from 0 to 1 on the inner folds, NaN for a single candidate."""

    options: ModelOptions
    score: float


def combine(
    start: ModelOptions, latent_dims: Sequence[int], prior_weights: Sequence[float], ridges: Sequence[float]
) -> list[ModelOptions]:
    """Return every combination of the lists. The first list varies slowest."""
    return [
        replace(start, latent_dim=dim, prior_weight=weight, ridge=ridge)
        for dim, weight, ridge in product(latent_dims, prior_weights, ridges)
    ]


def hasten(options: ModelOptions, cycles: int) -> ModelOptions:
    """Return options with fewer cycles that cover the same range of mu."""
    if cycles >= options.cycles:
        return options
    return replace(options, cycles=cycles, growth=options.growth ** (options.cycles / cycles))


def choose(training: Training, candidates: Sequence[ModelOptions], search: SearchOptions) -> Choice:
    """Return the first candidate with the best UAR over the inner folds.

    Raises:
        DataError: The faces cannot be divided into the folds.
    """
    if len(candidates) == 1:
        return Choice(candidates[0], float("nan"))
    totals = np.zeros(len(candidates))
    count = 0
    for inner, held_out in split(training, search.folds, search.seed):
        scalers = training.scalers(inner)
        views = [scale(one[inner]) for scale, one in zip(scalers, training.features, strict=True)]
        others = [scale(one[held_out]) for scale, one in zip(scalers, training.features, strict=True)]
        classes, truth = training.classes[inner], training.classes[held_out]
        for index, candidate in enumerate(candidates):
            model = fit_model(views, classes, hasten(candidate, search.cycles))
            nearest = NearestClass(model.points, classes, int(training.classes.max()) + 1, search.neighbours)
            guesses = nearest.distances(model.project(others)).argmin(axis=1)
            present = np.unique(truth)
            totals[index] += recall_score(truth, guesses, labels=present, average="macro")
        count += 1
    best = int(totals.argmax())
    return Choice(candidates[best], float(totals[best] / count))


def split(training: Training, folds: int, seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield positions (train, test) of inner folds that are stratified by class. Raises DataError."""
    classes, groups = training.classes, training.groups
    smallest = int(np.bincount(classes)[np.unique(classes)].min())
    number = min(folds, smallest)
    if groups is None:
        yield from StratifiedKFold(number, shuffle=True, random_state=seed).split(classes, classes)
        return
    if (there := len(np.unique(groups))) < number:
        raise DataError(
            f"ds_gplvm: expected training faces of at least {number} groups for inner folds, got {there}. "
            'Lower inner_folds, or set inner_by = "none".'
        )
    dealt = StratifiedGroupKFold(number, shuffle=True, random_state=seed)
    # Whole groups may leave a fold empty.
    parts = [one for one in dealt.split(classes, classes, groups) if min(len(part) for part in one)]
    for inner, held_out in parts:
        if lacking := sorted(set(classes[held_out].tolist()) - set(classes[inner].tolist())):
            raise DataError(
                f"ds_gplvm: cannot choose q and beta on {number} inner folds by group: one of them has every "
                f"training face of {len(lacking)} classes. Use other folds, lower inner_folds, or set "
                'inner_by = "none".'
            )
    yield from parts
