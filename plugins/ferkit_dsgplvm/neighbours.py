"""The nearest neighbour in the latent space, and probabilities that agree with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from ferkit_dsgplvm.kernel import Array, squared_distances

# Of the logarithm of the scale, around that of the median distance: e^7 is about 1000.
REACH = 7.0


class NearestClass:
    """A face belongs to the class whose nearest training face is nearest.

    points: (N, q) training faces; classes: (N,) from 0; count: of classes, some of which may have no face;
    neighbours: a class's distance is the mean squared distance to so many of its faces, the nearest (to all,
    where it has fewer). 1 is the nearest neighbour's rule. p = softmax(−distance/scale).
    """

    def __init__(self, points: Array, classes: NDArray[np.int64], count: int, neighbours: int = 1) -> None:
        self.points = points
        self.classes = classes
        self.count = count
        self.neighbours = neighbours
        self.scale = 1.0

    def distances(self, places: Array, left_out: bool = False) -> Array:
        """(M, q) -> (M, classes), squared; infinite for a class without a face.

        left_out: whether the places are those of the training faces, none being its own neighbour.
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
        """The scale under which the training faces' classes are likeliest.

        places: (N, q), where each training face would be put without itself.
        """
        distances = self.distances(places, left_out=True)
        # Only a class of one face has none left.
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
        """(M, q) -> (M, classes), each row adding up to 1; the nearest class's is the largest."""
        return np.asarray(softmax(-self.distances(places) / self.scale, axis=1))
