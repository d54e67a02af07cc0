"""Descriptors, PCA and SVM as an estimator (Dhall et al. 2011, section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.pipeline import Pipeline

from ferkit.plugin import (
    DataError,
    Descriptor,
    Epoch,
    Face,
    RunError,
    describe_faces,
    inner_groups,
    make_inner_folds,
)
from ferkit_svm.lpq import LpqDescriptor
from ferkit_svm.phog import PhogDescriptor
from ferkit_svm.preparation import Scaling, make_preparation
from ferkit_svm.search import Choice, ClassWeights, Grid, Kernel, choose, class_logits

PHOG_AND_LPQ: tuple[Descriptor, ...] = (PhogDescriptor(), LpqDescriptor())
SMALLEST = 1e-12


class SvmEstimator:
    """A support vector machine on the concatenated descriptors of a face.

    Scaling, PCA and SVM are fitted on the training faces only, and in each inner fold on its training part.
    Probabilities are softmax(d/T) of the one-vs-rest decision values d, with T fitted on those of the inner
    folds. The most probable class is always the predicted one, unlike with libsvm's pairwise probabilities. A
    class without training faces has probability 0.

    Args:
        descriptors: Descriptor components. Default: PHOG and LPQ.
        image_size: Side of the grey square that is described, 16 to 1024 pixels.
        variance: Fraction of the variance that PCA keeps, above 0, at most 1.
        scaling: Scale every one of the "features" or "descriptors" before PCA, or the "components" after PCA.
        kernel: "rbf" or "linear".
        C: Values of C to try, above 0.
        gamma: Values of gamma to try, above 0, in units of 1/(total variance), scikit-learn's "scale".
        inner_folds: Number of inner folds for the choice of C and gamma, at least 2.
        inner_by: Kind of group that no two inner folds share, such as "movie". "none" means no groups.
            "test" means the coarsest kind that training and tested faces do not share. Default: the coarsest
            kind that all faces have.
        class_weights: "equal", or "inverse_frequency" for the same total weight of every class.
        seed: Seed of the inner folds, given by the run.
    """

    def __init__(
        self,
        labels: Sequence[str],
        seed: int = 0,
        descriptors: tuple[Descriptor, ...] = PHOG_AND_LPQ,
        image_size: int = 128,
        variance: float = 0.98,
        scaling: Scaling = "features",
        kernel: Kernel = "rbf",
        C: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0, 1000.0),  # noqa: N803  the usual name
        gamma: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0, 3.0),
        inner_folds: int = 5,
        inner_by: str | None = None,
        class_weights: ClassWeights = "equal",
    ) -> None:
        _check_descriptors(descriptors, image_size)
        if not 0 < variance <= 1:
            raise ValueError(f"variance: expected a fraction above 0, at most 1, got {variance}")
        for name, values in (("C", C), ("gamma", gamma)):
            if not values or min(values) <= 0:
                raise ValueError(f"{name}: expected numbers above 0, got {list(values)}")
        if inner_folds < 2:
            raise ValueError(f"inner_folds: expected at least 2, got {inner_folds}")
        if inner_by == "":
            raise ValueError('inner_by: expected a kind of group, such as "movie", or "none", got ""')
        self.labels = tuple(labels)
        self.seed = seed
        self.descriptors = descriptors
        self.image_size = image_size
        self.variance = variance
        self.scaling = scaling
        self.grid = Grid(kernel, C, gamma, class_weights)
        self.inner_folds = inner_folds
        self.inner_by = inner_by
        self.known: list[int] = []
        self.temperature = 1.0
        self.fitted: Pipeline | None = None

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        """Yield one epoch. Its losses are negative log-likelihoods with T. Raises DataError."""
        start = perf_counter()
        parts = describe_faces(train, self.descriptors, self.image_size)
        self._check_training(train, parts)
        samples = [face.sample for face in train]
        names = [sample.label for sample in samples]
        groups = inner_groups(samples, self.inner_by, [face.sample for face in validation])
        folds, warnings = make_inner_folds(names, groups, self.inner_folds, self.seed, "C and gamma")
        self.known = [place for place, label in enumerate(self.labels) if label in names]
        truth = np.array([self.known.index(self.labels.index(name)) for name in names])
        features = np.concatenate(parts, axis=1)
        preparation = make_preparation(self.scaling, self.variance, [part.shape[1] for part in parts])
        choice = choose(features, truth, folds, preparation, self.grid, self._check_varied)
        self.temperature = choice.temperature
        self.fitted = Pipeline([*preparation.steps, ("svm", choice.machine)]).fit(features, truth)
        inside, outside = self._probabilities(features), self.predict(validation)
        yield Epoch(
            number=1,
            train_loss=self._loss(inside, names),
            train_accuracy=float((inside.argmax(axis=1) == np.array(self.known)[truth]).mean()),
            validation_loss=self._loss(outside, [face.sample.label for face in validation]),
            probabilities=outside,
            learning_rate=0.0,
            seconds=perf_counter() - start,
            details=self._details(choice, features, len(folds)),
            warnings=warnings,
        )

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return probabilities (faces, labels).

        Raises:
            RunError: The SVM has not been fitted.
            DataError: A face cannot be described.
        """
        if self.fitted is None:
            raise RunError("Cannot predict: the SVM has not been fitted. Call fit first.")
        if not faces:
            return np.empty((0, len(self.labels)))
        parts = describe_faces(faces, self.descriptors, self.image_size)
        return self._probabilities(np.concatenate(parts, axis=1))

    def _probabilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        assert self.fitted is not None
        logits = class_logits(self.fitted["svm"], self.fitted[:-1].transform(features))
        found = np.zeros((len(features), len(self.labels)))
        found[:, self.known] = softmax(logits / self.temperature, axis=1)
        return found

    def _loss(self, probabilities: NDArray[np.float64], names: Sequence[str]) -> float:
        """Return the mean negative log-likelihood, 0 for no images."""
        given = [row[self.labels.index(name)] for row, name in zip(probabilities, names, strict=True)]
        return -float(np.log(np.maximum(given, SMALLEST)).mean()) if given else 0.0

    def _details(self, choice: Choice, features: NDArray[np.float64], folds: int) -> dict[str, float]:
        assert self.fitted is not None
        return {
            "C": float(choice.machine.C),
            "gamma": float(choice.machine.gamma),
            "inner_accuracy": choice.accuracy,
            "inner_folds": float(folds),
            "temperature": choice.temperature,
            "components": float(self.fitted["pca"].n_components_),
            "constant_features": float((features == features[0]).all(axis=0).sum()),
        }

    def _check_training(self, train: Sequence[Face], parts: Sequence[NDArray[np.float64]]) -> None:
        """Raise DataError for fewer than two classes, or a descriptor that is equal for all faces."""
        names = sorted({face.sample.label for face in train})
        if len(names) < 2:
            got = f"only {names[0]!r}" if names else "no faces"
            raise DataError(f"an SVM needs training faces of at least two classes, got {got}")
        for descriptor, part in zip(self.descriptors, parts, strict=True):
            if (part == part[0]).all():
                raise DataError(
                    f"the descriptor {descriptor.signature!r} gives the same {part.shape[1]} numbers for all "
                    f"{len(part)} training faces. Change its options, remove it, or check the crops."
                )

    def _check_varied(self, rows: NDArray[np.float64]) -> None:
        """Raise DataError if all training faces of an inner fold are equal."""
        if (rows == rows[0]).all():
            raise DataError(
                f"the descriptors are the same for all {len(rows)} training faces of one inner fold. Add "
                "training faces, or change the descriptors' options."
            )


def _check_descriptors(descriptors: Sequence[Descriptor], image_size: int) -> None:
    """Raise ValueError if there are no descriptors, or the faces are too small for one of them."""
    if not descriptors:
        raise ValueError("descriptors: expected at least one, got none")
    if not 16 <= image_size <= 1024:
        raise ValueError(f"image_size: expected 16 to 1024 pixels, got {image_size}")
    for descriptor in descriptors:
        descriptor(np.zeros((image_size, image_size)))
