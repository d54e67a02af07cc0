"""Descriptors -> PCA -> SVM, as one estimator (Dhall et al. 2011, section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.pipeline import Pipeline

from ferkit.plugin import DataError, Descriptor, Epoch, Face, RunError, describe_faces
from ferkit_svm.inner_folds import deal, inner_groups
from ferkit_svm.lpq import LpqDescriptor
from ferkit_svm.phog import PhogDescriptor
from ferkit_svm.preparation import Scaling, make_preparation
from ferkit_svm.search import Choice, ClassWeights, Grid, Kernel, choose, class_logits

PHOG_AND_LPQ: tuple[Descriptor, ...] = (PhogDescriptor(), LpqDescriptor())
SMALLEST = 1e-12


class SvmEstimator:
    """One support vector machine on the descriptors of a face, all concatenated.

    descriptors: PHOG and LPQ where none are named; image_size: the side of the grey square that they
    describe, 16 to 1024 pixels; variance: the fraction that PCA keeps; scaling: what is given variance 1,
    every one of the "features" or the "descriptors" as wholes before PCA, or PCA's "components" after it;
    kernel, C, gamma: the SVM's; every C is tried with every gamma on inner_folds parts of the training faces,
    and gamma is in units of 1/(total variance of what the SVM is given), scikit-learn's "scale". inner_by:
    the kind of group that no two inner folds share; left out, the coarsest that all faces have; "none" for
    none. class_weights: whether a class of few images weighs as much as one of many. seed: of the inner
    folds' deal, the only thing that is random.

    Scaling, PCA and SVM are fitted on the training faces alone, and in each inner fold on its own part of
    them. The probabilities are softmax(d/T) of the SVM's one-vs-rest decisions d, T being fitted on those of
    the inner folds: the likeliest class is always the one that the SVM predicts, which is not so of the
    pairwise probabilities of libsvm. A class without training faces has probability 0.
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
        C: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0, 1000.0),  # noqa: N803  as it is called everywhere
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
        """One epoch, whose losses are negative log-likelihoods at the inner folds' T. Raises DataError."""
        start = perf_counter()
        parts = describe_faces(train, self.descriptors, self.image_size)
        self._check_training(train, parts)
        samples = [face.sample for face in train]
        names = [sample.label for sample in samples]
        folds, warnings = deal(names, inner_groups(samples, self.inner_by), self.inner_folds, self.seed)
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
        """(faces, labels). Raises RunError before it is fitted, DataError where a face can't be described."""
        if self.fitted is None:
            raise RunError("the SVM has not been fitted; call fit first")
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
        """The mean negative log-likelihood; 0 of no images."""
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
        """Raises DataError where there is nothing to tell apart, or a descriptor tells nothing."""
        names = sorted({face.sample.label for face in train})
        if len(names) < 2:
            came = f"only {names[0]!r}" if names else "no faces"
            raise DataError(f"an SVM needs training faces of at least two classes; there are {came}")
        for descriptor, part in zip(self.descriptors, parts, strict=True):
            if (part == part[0]).all():
                raise DataError(
                    f"the descriptor {descriptor.signature!r} gives the same {part.shape[1]} numbers for all "
                    f"{len(part)} training faces, so nothing can be learned from it. Change its options, "
                    "leave it out, or look at the crops"
                )

    def _check_varied(self, rows: NDArray[np.float64]) -> None:
        """Raises DataError where the faces that an inner fold trains on are all alike."""
        if (rows == rows[0]).all():
            raise DataError(
                f"the descriptors are the same for all {len(rows)} faces that one inner fold trains on: the "
                "training faces are too few or too much alike"
            )


def _check_descriptors(descriptors: Sequence[Descriptor], image_size: int) -> None:
    """Raises ValueError where there are none, or where the faces will be too small for one of them."""
    if not descriptors:
        raise ValueError("descriptors: expected at least one, got none")
    if not 16 <= image_size <= 1024:
        raise ValueError(f"image_size: expected 16 to 1024 pixels, got {image_size}")
    for descriptor in descriptors:
        descriptor(np.zeros((image_size, image_size)))
