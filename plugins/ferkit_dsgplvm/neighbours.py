"""Nearest neighbour in the latent space, with probabilities that agree with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from ferkit_dsgplvm.kernel import Array, squared_distances

# Search range of the scale's logarithm around that of the median distance: e^7 is about 1000.
REACH = 7.0


class NearestClass:
    """Classifies a point by the class with the nearest training points: p = softmax(−distance/scale).

    Args:
        points: (N, q) latent points of the training faces.
        classes: (N,) their classes, from 0.
        count: Number of classes. Some may have no face.
        neighbours: The distance to a class is the mean squared distance to this number of its nearest faces,
            or to all if it has fewer. 1 is the nearest-neighbour rule.
    """

    def __init__(self, points: Array, classes: NDArray[np.int64], count: int, neighbours: int = 1) -> None:
        self.points = points
        self.classes = classes
        self.count = count
        self.neighbours = neighbours
        self.scale = 1.0

    def distances(self, places: Array, left_out: bool = False) -> Array:
        """Return squared distances (M, classes) of points (M, q), infinite for a class without a face.

        If `left_out`, the points are those of the training faces, and a face is not its own neighbour.
        """
        pairs = squared_distances(places, self.points)
        if left_out:
            np.fill_diagonal(pairs, np.inf)
        found = np.full((len(places), self.count), np.inf)
        for index in np.unique(self.classes):
            nearest = np.sort(pairs[:, self.classes == index], axis=1)[:, : self.neighbours]
            finite = np.isfinite(nearest)
            total = np.where(finite, nearest, 0).sum(axis=1)
            number = finite.sum(axis=1)
            found[:, index] = np.where(number > 0, total / np.maximum(number, 1), np.inf)
        return found

    def fit_scale(self, places: Array) -> None:
        """Fit the scale by the likelihood of the training faces' classes.

        Args:
            places: (N, q) latent point of each training face from a map without it.
        """
        distances = self.distances(places, left_out=True)
        # A class with one face has no other face.
        own = np.isfinite(distances[np.arange(len(places)), self.classes])
        distances, classes = distances[own], self.classes[own]
        finite = distances[np.isfinite(distances)]
        middle = float(np.median(finite)) if finite.size else 0.0
        if middle <= 0:
            return
        if classes.size == 0:
            self.scale = middle
            return

        def loss(logarithm: float) -> float:
            logs = log_softmax(-distances / np.exp(logarithm), axis=1)
            return -float(logs[np.arange(len(classes)), classes].mean())

        around = (np.log(middle) - REACH, np.log(middle) + REACH)
        self.scale = float(np.exp(minimize_scalar(loss, bounds=around, method="bounded").x))

    def probabilities(self, places: Array) -> Array:
        """Return probabilities (M, classes) of points (M, q); the nearest class has the largest."""
        return np.asarray(softmax(-self.distances(places) / self.scale, axis=1))
