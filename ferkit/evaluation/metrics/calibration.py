"""Whether 70% sure is right 70% of the time; and the temperature that makes it so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

BINS = 15
"""As in Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2."""
TEMPERATURES = (0.05, 20.0)
PRIOR_DEVIATION = 0.5
"""Of log T about 0, before anything is seen. A few dozen validation images that are all judged rightly would
otherwise ask for a temperature near 0, and so make a model certain of everything; beside a thousand images it
changes next to nothing."""
SMALLEST = 1e-7
"""A probability below this counts as this, so that a certain mistake is not infinitely wrong."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Images whose highest probability lies between low and high: how sure, how often right, how many."""

    low: float
    high: float
    confidence: float
    accuracy: float
    images: int


def reliability(
    true: NDArray[np.intp], probabilities: NDArray[np.float64], bins: int = BINS
) -> list[ReliabilityBin]:
    """true: (images,) class indices; probabilities: (images, classes). Of equal width, without empty ones."""
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
    """ECE (Guo et al. 2017, equation 3): the mean distance of accuracy and confidence over the bins."""
    found = reliability(true, probabilities, bins)
    total = sum(one.images for one in found)
    return sum(one.images * abs(one.accuracy - one.confidence) for one in found) / total


def fit_temperature(true: NDArray[np.intp], probabilities: NDArray[np.float64]) -> float:
    """The temperature with the lowest NLL (Guo et al. 2017, section 4.2), within 0.05..20, and with what is
    known of temperatures before: log T is normal about 0.

    To be fitted on validation images only. Log-probabilities do in place of logits: they differ by a
    constant for each image, which softmax ignores.
    """
    logits = np.log(np.clip(probabilities, SMALLEST, None))

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        surprise = (log_temperature / PRIOR_DEVIATION) ** 2 / 2
        return float(surprise - scaled[np.arange(len(true)), true].sum())

    low, high = np.log(TEMPERATURES)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def apply_temperature(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """(images, classes) -> the same, softer for a temperature above 1; the order of the classes stays."""
    scaled: NDArray[np.float64] = softmax(
        np.log(np.clip(probabilities, SMALLEST, None)) / temperature, axis=1
    )
    return scaled
