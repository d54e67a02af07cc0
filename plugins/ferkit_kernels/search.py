"""Choice of gamma, ridge and blocks by an inner cross-validation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.kernel_ridge import KernelRidge

from ferkit_kernels.blocks import Block, BlockDistances, mean_kernel

TEMPERATURES = (0.05, 100.0)
Folds = Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Settings of a kernel ridge regression.

    Attributes:
        gamma: Gamma of each kernel, for distances that are means over the features of a block.
        ridge: Added to the diagonal of the kernel.
        blocks: Positions of the blocks.
    """

    gamma: float
    ridge: float
    blocks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The best candidate on the inner folds, its accuracy there, and the temperature fitted there."""

    candidate: Candidate
    accuracy: float
    temperature: float


class Regression:
    """Kernel ridge regression of the label matrix: column k is 1 for faces of class k, else 0.

    Args:
        distances: (blocks, N, N) of the training faces.
        truth: (N,) classes from 0 to classes − 1.
        classes: Number of classes.
        candidate: The settings.
    """

    def __init__(
        self, distances: NDArray[np.float64], truth: NDArray[np.intp], classes: int, candidate: Candidate
    ) -> None:
        self.candidate = candidate
        targets = np.eye(classes)[truth]
        # KernelRidge has no intercept: far from all training faces, the scores are the class frequencies.
        self.frequencies = targets.mean(axis=0)
        self.ridge = KernelRidge(alpha=candidate.ridge, kernel="precomputed")
        self.ridge.fit(self._kernel(distances), targets - self.frequencies)

    def scores(self, distances: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (M, classes) scores for (blocks, M, N) distances to the training faces."""
        found: NDArray[np.float64] = self.ridge.predict(self._kernel(distances)) + self.frequencies
        return found

    def _kernel(self, distances: NDArray[np.float64]) -> NDArray[np.float64]:
        return mean_kernel(distances[list(self.candidate.blocks)], self.candidate.gamma)


def make_candidates(
    gammas: Sequence[float], ridges: Sequence[float], blocks: int, choose_blocks: bool
) -> list[Candidate]:
    """Return all candidates, the smoothest first: large ridges, then small gammas, then many blocks."""
    every = tuple(range(blocks))
    chosen: Iterator[tuple[int, ...]] = iter([every])
    if choose_blocks:
        chosen = (some for size in range(blocks, 0, -1) for some in combinations(every, size))
    settings = product(sorted(set(ridges), reverse=True), sorted(set(gammas)), list(chosen))
    return [Candidate(gamma, ridge, some) for ridge, gamma, some in settings]


def choose(
    blocks: Sequence[Block], truth: NDArray[np.intp], folds: Folds, candidates: Sequence[Candidate]
) -> Choice:
    """Return the candidate with the most correct out-of-fold predictions, the first of equals.

    Args:
        blocks: Features (N, D) of the training faces, for each block.
        truth: (N,) classes from 0 to K − 1.
        folds: (train, test) positions of each inner fold.
        candidates: The candidates, in order of preference.
    """
    classes = int(truth.max()) + 1
    scores = np.empty((len(candidates), len(truth), classes))
    for train, test in folds:
        distances = BlockDistances([block[train] for block in blocks])
        inside, outside = (distances([block[some] for block in blocks]) for some in (train, test))
        for place, candidate in enumerate(candidates):
            fitted = Regression(inside, truth[train], classes, candidate)
            scores[place, test] = fitted.scores(outside)
    right = (scores.argmax(axis=2) == truth).sum(axis=1)
    best = int(right.argmax())
    return Choice(candidates[best], float(right[best] / len(truth)), fit_scale(scores[best], truth))


def fit_scale(scores: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """Return T from 0.05 to 100 with the lowest mean negative log-likelihood of softmax(scores/T)."""

    def loss(log_temperature: float) -> float:
        logs = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float(logs[np.arange(len(truth)), truth].mean())

    found = minimize_scalar(loss, bounds=tuple(np.log(TEMPERATURES)), method="bounded")
    return float(np.exp(found.x))
