"""Confident learning (Northcutt, Jiang & Chuang 2021, doi:10.1613/jair.1.12125): find doubtful labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-6
"""Probabilities this far below a threshold still reach it: they are averages of rounded numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """Doubt of the labels of N images with K classes.

    Attributes:
        self_confidence: (N,) probability of the given label, 0..1.
        suggested: (N,) index of the label that the probabilities support. It is the given label if no
            class reaches its threshold.
        thresholds: (K,) mean self-confidence of the images with each label, 0..1. NaN without images.
    """

    self_confidence: NDArray[np.float64]
    suggested: NDArray[np.intp]
    thresholds: NDArray[np.float64]


def find_doubts(given: NDArray[np.intp], probabilities: NDArray[np.float64]) -> Doubts:
    """Compare each label with the classes that reach their threshold.

    The suggested label is the most probable class among those whose probability is at least the class's
    threshold (equation 1 of the paper). The images with another suggested than given label are the
    off-diagonal of the confident joint.

    Args:
        given: (N,) index of each image's label.
        probabilities: (N, K) of networks that were not trained on the image. Rows add up to 1.

    Returns:
        The doubts.
    """
    count = probabilities.shape[1]
    own = probabilities[np.arange(len(given)), given]
    images = np.bincount(given, minlength=count)
    sums = np.bincount(given, weights=own, minlength=count)
    thresholds = np.divide(sums, images, out=np.full(count, np.nan), where=images > 0)
    reached = probabilities >= thresholds - ROUNDING  # never for NaN
    best = np.where(reached, probabilities, -1).argmax(axis=1)
    return Doubts(own, np.where(reached.any(axis=1), best, given), thresholds)
