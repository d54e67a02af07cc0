"""C and gamma, chosen by an inner cross-validation in which nothing is fitted on what it is tried on."""

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
    """What is tried: every C with every gamma, from the smoothest machine to the sharpest."""

    kernel: Kernel
    costs: tuple[float, ...]
    gammas: tuple[float, ...]
    class_weights: ClassWeights

    def machines(self) -> list[SVC]:
        """Unfitted, and without random numbers. Gamma has no part in a linear machine."""
        gammas = sorted(set(self.gammas)) if self.kernel == "rbf" else [1.0]
        weights = None if self.class_weights == "equal" else "balanced"
        return [
            # With ties broken, what an SVC predicts is the argmax of its decision function.
            SVC(C=cost, gamma=gamma, kernel=self.kernel, class_weight=weights, break_ties=True)
            for cost, gamma in product(sorted(set(self.costs)), gammas)
        ]


@dataclass(frozen=True, slots=True)
class Choice:
    """The machine that is best on the inner folds, its accuracy there, and the temperature fitted there."""

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
    """The setting with most images right when each is predicted from the inner folds that it is not in.

    Of equals, the smallest C, then the smallest gamma. features: (N, D); truth: (N,) in 0..K−1; check: called
    with the rows that are fitted on in each fold. This is scikit-learn's grid search over the pipeline of
    `preparation` and an SVC, only that each fold's scaling and PCA are fitted once, not once a setting.
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
    """(N, D) -> (N, K) whose argmax is what the machine predicts.

    For more than two classes, scikit-learn's one-vs-rest decisions: the pairwise machines' votes, and between
    classes with as many, the sum of their margins. For two, the margin and its negative.
    """
    decisions: NDArray[np.float64] = machine.decision_function(rows)
    if decisions.ndim == 2:
        return decisions
    margins = np.where(decisions == 0, 1e-9, decisions)  # libsvm gives a margin of 0 to the second class
    return np.stack([-margins, margins], axis=1)


def fit_decision_scale(logits: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """T in 0.1..100 with the least mean negative log-likelihood of softmax(logits/T).

    It changes no argmax (Guo et al. 2017, section 4.2). A machine's decisions are of no known scale, so
    nothing is known of T beforehand, as it is of a network's.
    """

    def loss(log_temperature: float) -> float:
        logs = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(logs[np.arange(len(truth)), truth].mean())

    found = minimize_scalar(loss, bounds=tuple(np.log(TEMPERATURES)), method="bounded")
    return float(np.exp(found.x))
