"""Second step of the paper: a linear support vector machine on the network's features."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.svm import SVC

from ferkit.plugin import Epoch, Face, FeatureEstimator, RunError

UNTRAINED = "The network was not trained on these faces. Its features are those of its initial weights."


class LinearSvcEstimator:
    """scikit-learn's `SVC` with a linear kernel on the features of the recipe's network. It has one epoch.

    Probabilities are the softmax of scikit-learn's one-against-rest decision values. The most probable class
    is the predicted one, but probabilities are not calibrated. A class without training faces has probability
    0. Losses are the mean of −log of the true class's probability.

    Args:
        c: C of the support vector machine, above 0.
        normalise: Divide the features of each face by their L2 norm.
        train_network: Train the network on the training faces first, up to its last epoch. If false, use it
            with its initial weights: from [model] initial (the paper's second step) or pretrained ones.
    """

    def __init__(
        self,
        labels: Sequence[str],
        network: FeatureEstimator,
        c: float = 1.0,
        normalise: bool = True,
        train_network: bool = True,
    ) -> None:
        if not c > 0:
            raise ValueError(f"c: expected a number above 0, got {c}")
        self.labels = tuple(labels)
        self.network = network
        self.c = c
        self.normalise = normalise
        self.train_network = train_network
        self._machine: SVC | None = None

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        """Yield one epoch.

        Raises:
            RunError: There are fewer than two classes, or all features are equal.
        """
        started = time.perf_counter()
        classes = self._classes(train)
        epochs = list(self.network.fit(train, validation)) if self.train_network else []
        features = self._features(train)
        if np.ptp(features, axis=0).max() <= 1e-6 * np.abs(features).max():
            raise RunError(
                f"linear_svc: expected features that differ, got the same {features.shape[1]} numbers for "
                f"all {len(train)} faces. The network's training collapsed, or its weights are broken. "
                "Lower fit.optimizer.lr or check model.initial."
            )
        machine = SVC(kernel="linear", C=self.c, decision_function_shape="ovr", break_ties=True)
        self._machine = machine.fit(features, classes)
        decisions = self._decide(features)
        monitored = self._decide(self._features(validation))
        yield Epoch(
            number=1,
            train_loss=_loss(decisions, classes),
            train_accuracy=float((decisions.argmax(axis=1) == classes).mean()),
            validation_loss=_loss(monitored, self._indices(validation)),
            probabilities=_probabilities(monitored),
            learning_rate=epochs[-1].learning_rate if epochs else 0.0,
            seconds=time.perf_counter() - started,
            details=self._details(epochs, validation),
            warnings=[] if self.train_network else [UNTRAINED],
        )

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        if not faces:  # scikit-learn's machines refuse an empty array
            return np.empty((0, len(self.labels)))
        return _probabilities(self._decide(self._features(faces)))

    def _decide(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a decision value for each class (faces, labels), −inf for a class without training faces."""
        if self._machine is None:
            raise RunError("linear_svc: not fitted yet. Call fit and iterate over its epoch first.")
        known = self._machine.decision_function(features)
        if known.ndim == 1:  # two classes share one value
            known = np.stack([-known, known], axis=1)
        decisions = np.full((len(features), len(self.labels)), -np.inf)
        decisions[:, self._machine.classes_] = known
        return decisions

    def _features(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        features = self.network.embed(faces)
        bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
        if bad.size:
            raise RunError(
                f"linear_svc: expected finite features, got NaN or infinite ones for {bad.size} of "
                f"{len(faces)} faces, the first is {faces[bad[0]].sample.path}. The network's training "
                'diverged, or its weights are broken. Lower fit.optimizer.lr, set fit.precision = "float32", '
                "or check model.initial."
            )
        if not self.normalise:
            return features
        norms = np.linalg.norm(features, axis=1, keepdims=True)
        normalised: NDArray[np.float64] = features / np.maximum(norms, np.finfo(np.float64).tiny)
        return normalised

    def _indices(self, faces: Sequence[Face]) -> NDArray[np.int64]:
        return np.array([self.labels.index(face.sample.label) for face in faces], dtype=np.int64)

    def _classes(self, train: Sequence[Face]) -> NDArray[np.int64]:
        classes = self._indices(train)
        there = sorted({face.sample.label for face in train})
        if len(there) < 2:
            raise RunError(
                f"linear_svc: expected training faces of at least two classes, got {len(train)} of "
                f"{', '.join(there) or 'none'}. Add images of other classes, or use fewer folds."
            )
        return classes

    def _details(self, epochs: Sequence[Epoch], validation: Sequence[Face]) -> dict[str, float]:
        """Return the final scores of the network itself. They are not used for selection."""
        if not epochs:
            return {}
        last = epochs[-1]
        right = last.probabilities.argmax(axis=1) == self._indices(validation)
        return {
            "network_epochs": float(last.number),
            "network_train_loss": last.train_loss,
            "network_train_accuracy": last.train_accuracy,
            "network_accuracy": float(right.mean()),
        }


def _loss(decisions: NDArray[np.float64], classes: NDArray[np.int64]) -> float:
    own = np.take_along_axis(log_softmax(decisions, axis=1), classes[:, None], axis=1)
    # −log 0, of a class without training faces, would dominate the mean.
    return float(-np.maximum(own, np.log(np.finfo(np.float64).tiny)).mean())


def _probabilities(decisions: NDArray[np.float64]) -> NDArray[np.float64]:
    probabilities: NDArray[np.float64] = np.exp(log_softmax(decisions, axis=1))
    return probabilities
