"""Calibration of probabilities: reliability, expected calibration error, temperature scaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

BINS = 15
"""Number of bins, as in Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2."""
TEMPERATURES = (0.05, 20.0)
"""Smallest and largest temperature."""
PRIOR_DEVIATION = 0.5
"""Standard deviation of the prior of log T, a normal distribution with mean 0.

Without it, a few dozen validation images that are all classified correctly would give a temperature near 0,
and so probabilities near 1. With a thousand images, its effect is negligible.
"""
SMALLEST = 1e-7
"""Smaller probabilities are set to this value, which keeps the NLL finite."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Images whose highest probability is in one interval.

    Attributes:
        low: Lower edge of the interval.
        high: Upper edge of the interval.
        confidence: Mean of the highest probability.
        accuracy: Accuracy of these images, 0 to 1.
        images: Number of images.
    """

    low: float
    high: float
    confidence: float
    accuracy: float
    images: int


def reliability(
    true: NDArray[np.intp], probabilities: NDArray[np.float64], bins: int = BINS
) -> list[ReliabilityBin]:
    """Divide images into bins of equal width by their highest probability. Empty bins are omitted.

    Args:
        true: (images,) class indices.
        probabilities: (images, classes).
        bins: Number of bins.
    """
    confidence = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == true
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return [
        ReliabilityBin(
            low=one / bins,
            high=(one + 1) / bins,
            confidence=float(confidence[place == one].mean()),
            accuracy=float(is_right[place == one].mean()),
            images=int((place == one).sum()),
        )
        for one in range(bins)
        if (place == one).any()
    ]


def calibration_error(true: NDArray[np.intp], probabilities: NDArray[np.float64], bins: int = BINS) -> float:
    """Return the ECE (Guo et al. 2017, equation 3): the mean of |accuracy − confidence| over the bins."""
    found = reliability(true, probabilities, bins)
    total = sum(one.images for one in found)
    return sum(one.images * abs(one.accuracy - one.confidence) for one in found) / total


def fit_temperature(true: NDArray[np.intp], probabilities: NDArray[np.float64]) -> float:
    """Fit the temperature by the NLL (Guo et al. 2017, section 4.2) with a prior, within 0.05 to 20.

    Use validation images only. Log-probabilities replace logits. They differ by a constant for each image,
    which softmax ignores.

    Args:
        true: (images,) class indices.
        probabilities: (images, classes).
    """
    logits = np.log(np.clip(probabilities, SMALLEST, None))

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        surprise = (log_temperature / PRIOR_DEVIATION) ** 2 / 2
        return float(surprise - scaled[np.arange(len(true)), true].sum())

    low, high = np.log(TEMPERATURES)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def apply_temperature(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Scale (images, classes) probabilities: softer for a temperature above 1. The ranking stays the same."""
    scaled: NDArray[np.float64] = softmax(
        np.log(np.clip(probabilities, SMALLEST, None)) / temperature, axis=1
    )
    return scaled
