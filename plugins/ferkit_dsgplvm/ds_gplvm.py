"""DS-GPLVM as an estimator: descriptors, latent space, nearest neighbour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ferkit.plugin import DataError, Descriptor, Epoch, Face, RunError, describe_faces, inner_groups
from ferkit_dsgplvm.back_projection import ProjectionKind
from ferkit_dsgplvm.kernel import Array
from ferkit_dsgplvm.laplacian import Prior
from ferkit_dsgplvm.model import DsGplvm, ModelOptions, fit_model
from ferkit_dsgplvm.neighbours import NearestClass
from ferkit_dsgplvm.option_checks import check_options
from ferkit_dsgplvm.search import Choice, SearchOptions, Training, choose, combine
from ferkit_dsgplvm.views import Scaling, ViewScaler

SHARED = ("prior", "view_weights", "width", "xi", "cycles", "steps", "mu", "growth", "mu_max")
"""Options with the same name in `ModelOptions`."""


@dataclass(eq=False, repr=False)
class DsGplvmEstimator:
    """Discriminative shared Gaussian process latent variable model (Eleftheriadis, Rudovic, Pantic 2015).

    It learns a latent space shared by several descriptors of a face. Kernel regression maps a new face into
    this space, and its nearest training face gives its class.

    If latent_dims, prior_weights and ridges have more than one combination, the one with the best UAR over
    inner folds is chosen.

    Args:
        descriptors: Descriptor components, one for each view.
        image_size: Side of the faces in pixels, at least 8.
        variance: Fraction of the variance that PCA keeps of a view, above 0, at most 1.
        scaling: Scale each "view" as a whole, or each of its "components".
        latent_dims: Values of q, the dimensions of the latent space, at least 1.
        prior_weights: Values of β, the weight of the prior, at least 0.
        ridges: Values of λ, the penalty of the back-projections, above 0.
        prior: Graph that joins faces of a class: "lpp" or "lda".
        xi: Number added to the diagonal of its Laplacian, at least 0.
        back_projection: "independent" averages a kernel regression for each view. "single" is one regression
            on the weighted sum of the views' kernels.
        view_weights: Weights of the kernels for "single", at least 0. Default: equal.
        width: Width of the back-projections' kernels, relative to the median squared distance, above 0.
        inner_folds: Number of inner folds, at least 2.
        inner_by: Kind of group that no two inner folds share, such as "movie". "none" means no groups, "test"
            the coarsest kind that training and tested faces do not share.
        search_cycles: Cycles of each fit in the search, at least 1.
        cycles: Cycles of alternating directions, at least 1.
        steps: L-BFGS iterations in each cycle, at least 1.
        mu: Initial weight of the constraints, above 0.
        growth: Factor of mu after each cycle, at least 1.
        mu_max: Maximum of mu.
        neighbours: Faces of a class whose mean distance is the distance to this class, at least 1.
        seed: Seed of the inner folds, given by the run.
    """

    labels: Sequence[str]
    descriptors: tuple[Descriptor, ...]
    image_size: int = 128
    variance: float = 0.98
    scaling: Scaling = "view"
    latent_dims: tuple[int, ...] = (6, 10, 15, 20)
    prior_weights: tuple[float, ...] = (1.0, 10.0, 100.0, 1000.0)
    ridges: tuple[float, ...] = (1.0,)
    prior: Prior = "lpp"
    xi: float = 1e-4
    back_projection: ProjectionKind = "independent"
    view_weights: tuple[float, ...] = ()
    width: float = 1.0
    inner_folds: int = 3
    inner_by: str = "none"
    search_cycles: int = 15
    cycles: int = 100
    steps: int = 5
    mu: float = 1.0
    growth: float = 1.1
    mu_max: float = 1e3
    neighbours: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.inner_by:
            raise ValueError('inner_by: expected a kind of group, such as "movie", or "none", got ""')
        start = ModelOptions(
            latent_dim=0,  # each candidate has its own latent_dim, prior_weight and ridge
            prior_weight=0.0,
            ridge=0.0,
            mapping=self.back_projection,
            **{name: getattr(self, name) for name in SHARED},
        )
        self.candidates = combine(start, self.latent_dims, self.prior_weights, self.ridges)
        self.search = SearchOptions(self.inner_folds, self.search_cycles, self.neighbours, self.seed)
        check_options(self.candidates, self.search, len(self.descriptors), self.image_size, self.variance)
        self.scalers: list[ViewScaler] = []
        self.model: DsGplvm | None = None
        self.nearest: NearestClass | None = None

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        """Yield one epoch. With several, the choice between them would use the test fold.

        Raises:
            DataError: The faces are unusable for training.
            RunError: The training diverged.
        """
        began = perf_counter()
        classes = self._classes_of(train)
        _check_classes(classes, self.labels)
        training = self._describe(train, validation, classes)
        # For matrices of a few hundred rows, several threads are slower. Their number would also change
        # the last digits, and with them possibly the result of the search.
        with threadpool_limits(1):
            choice = choose(training, self.candidates, self.search)
            self.scalers = training.scalers(np.arange(len(train)))
            views = [scale(one) for scale, one in zip(self.scalers, training.features, strict=True)]
            self.model = fit_model(views, classes, choice.options)
        self.nearest = NearestClass(self.model.points, classes, len(self.labels), self.search.neighbours)
        left_out = self.model.leave_one_out()
        self.nearest.fit_scale(left_out)
        guesses = self.nearest.distances(left_out, left_out=True).argmin(axis=1)
        details = _details(self.model, classes, choice, float((guesses == classes).mean()))
        fitted = self.nearest.probabilities(self.model.project(views))
        probabilities = self.predict(validation)
        yield Epoch(
            number=1,
            train_loss=_mean_nll(fitted, classes),
            train_accuracy=float((fitted.argmax(axis=1) == classes).mean()),
            validation_loss=_mean_nll(probabilities, self._classes_of(validation)),
            probabilities=probabilities,
            learning_rate=0.0,
            seconds=perf_counter() - began,
            details=details,
            warnings=self._warnings(classes),
        )

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return probabilities (faces, labels). Each face is mapped independently.

        Raises:
            RunError: The model has not been fitted.
            DataError: A face cannot be described.
        """
        if self.model is None or self.nearest is None:
            raise RunError("ds_gplvm: predict was called before fit. Call fit first.")
        if not faces:
            return np.empty((0, len(self.labels)))
        features = describe_faces(faces, self.descriptors, self.image_size)
        views = [scale(one) for scale, one in zip(self.scalers, features, strict=True)]
        return self.nearest.probabilities(self.model.project(views))

    def _warnings(self, classes: NDArray[np.int64]) -> list[str]:
        smallest = int(np.bincount(classes)[np.unique(classes)].min())
        if len(self.candidates) == 1 or smallest >= self.search.folds:
            return []
        return [
            f"hyperparameters were chosen on {smallest} inner folds, not {self.search.folds}: a class has "
            f"{smallest} training faces"
        ]

    def _classes_of(self, faces: Sequence[Face]) -> NDArray[np.int64]:
        return np.array([self.labels.index(face.sample.label) for face in faces], dtype=np.int64)

    def _describe(
        self, train: Sequence[Face], tested: Sequence[Face], classes: NDArray[np.int64]
    ) -> Training:
        groups = inner_groups(
            [face.sample for face in train], self.inner_by, [face.sample for face in tested]
        )
        features = describe_faces(train, self.descriptors, self.image_size)
        names = [descriptor.signature for descriptor in self.descriptors]
        known = None if groups is None else np.array(groups)
        return Training(features, names, classes, known, self.variance, self.scaling)


def _check_classes(classes: NDArray[np.int64], labels: Sequence[str]) -> None:
    counts = Counter(labels[index] for index in classes.tolist())
    if len(counts) < 2:
        got = f"only {next(iter(counts))!r}" if counts else "no faces"
        raise DataError(f"ds_gplvm: expected training faces of at least two classes, got {got}")
    alone = sorted(label for label, count in counts.items() if count == 1)
    if alone:
        raise DataError(
            f"ds_gplvm: expected at least two training faces of each class, got one of {', '.join(alone)}. "
            "Add images, or remove the class."
        )


def _details(
    model: DsGplvm, classes: NDArray[np.int64], choice: Choice, left_out_accuracy: float
) -> dict[str, float]:
    last = model.history[-1]
    found = {
        "objective": last.objective,
        "constraint_residual": last.residual,
        "latent_dim": float(choice.options.latent_dim),
        "prior_weight": choice.options.prior_weight,
        "ridge": choice.options.ridge,
        "leave_one_out_accuracy": left_out_accuracy,
        "scatter_inside_classes": model.scatter_inside_classes(classes),
    }
    return found if np.isnan(choice.score) else {**found, "inner_mean_recall": choice.score}


def _mean_nll(probabilities: Array, classes: NDArray[np.int64]) -> float:
    """Return the mean negative log-likelihood, 0 for no faces."""
    if not len(classes):
        return 0.0
    of_truth = probabilities[np.arange(len(classes)), classes]
    return -float(np.log(np.maximum(of_truth, 1e-12)).mean())
