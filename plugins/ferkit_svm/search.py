"""Choice of C and gamma by an inner cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

Kernel = Literal["rbf", "linear"]
ClassWeights = Literal["equal", "inverse_frequency"]
TEMPERATURES = (0.1, 100.0)


@dataclass(frozen=True, slots=True)
class Grid:
    """The candidates: every C with every gamma, from the smoothest to the sharpest decision function."""

    kernel: Kernel
    costs: tuple[float, ...]
    gammas: tuple[float, ...]
    class_weights: ClassWeights

    def machines(self) -> list[SVC]:
        """Return unfitted, deterministic SVMs. A linear SVM has no gamma."""
        gammas = sorted(set(self.gammas)) if self.kernel == "rbf" else [1.0]
        weights = None if self.class_weights == "equal" else "balanced"
        return [
            # With break_ties, an SVC predicts the argmax of its decision function.
            SVC(C=cost, gamma=gamma, kernel=self.kernel, class_weight=weights, break_ties=True)
            for cost, gamma in product(sorted(set(self.costs)), gammas)
        ]


@dataclass(frozen=True, slots=True)
class Choice:
    """The best SVM on the inner folds, its accuracy there, and the temperature fitted there."""

    machine: SVC
    accuracy: float
    temperature: float


def choose(
    features: NDArray[np.float64],
    truth: NDArray[np.intp],
    folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    preparation: Pipeline,
    grid: Grid,
    check: Callable[[NDArray[np.float64]], None],
) -> Choice:
    """Return the SVM with the most correct out-of-fold predictions.

    Of equals, it is the one with the smallest C, then the smallest gamma. The result is that of
    scikit-learn's grid search over the pipeline of `preparation` and an SVC, but scaling and PCA are fitted
    once for each fold.

    Args:
        features: (N, D) features.
        truth: (N,) classes from 0 to K − 1.
        folds: (train, test) positions of each inner fold.
        preparation: Unfitted pipeline of scaling and PCA.
        grid: The candidates.
        check: Called with the training rows of each fold.
    """
    machines = grid.machines()
    logits = np.empty((len(machines), len(truth), truth.max() + 1))
    for train, test in folds:
        check(features[train])
        prepared = clone(preparation).fit(features[train])
        inside, outside = prepared.transform(features[train]), prepared.transform(features[test])
        for place, machine in enumerate(machines):
            logits[place, test] = class_logits(clone(machine).fit(inside, truth[train]), outside)
    right = (logits.argmax(axis=2) == truth).sum(axis=1)
    best = int(right.argmax())
    temperature = fit_decision_scale(logits[best], truth)
    return Choice(machines[best], float(right[best] / len(truth)), temperature)


def class_logits(machine: SVC, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, K) decision values whose argmax is the predicted class.

    For more than two classes, they are scikit-learn's one-vs-rest decisions: the votes of the pairwise SVMs,
    and the sum of margins for equal votes. For two classes, they are the margin and its negative.
    """
    decisions: NDArray[np.float64] = machine.decision_function(rows)
    if decisions.ndim == 2:
        return decisions
    margins = np.where(decisions == 0, 1e-9, decisions)  # libsvm predicts the second class for a margin of 0
    return np.stack([-margins, margins], axis=1)


def fit_decision_scale(logits: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """Return T from 0.1 to 100 with the lowest mean negative log-likelihood of softmax(logits/T).

    T changes no argmax (Guo et al. 2017, section 4.2). Unlike a network's logits, decision values have no
    known scale, so T has no prior.
    """

    def loss(log_temperature: float) -> float:
        logs = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(logs[np.arange(len(truth)), truth].mean())

    found = minimize_scalar(loss, bounds=tuple(np.log(TEMPERATURES)), method="bounded")
    return float(np.exp(found.x))
