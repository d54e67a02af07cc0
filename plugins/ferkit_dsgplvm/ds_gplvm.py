"""DS-GPLVM as ferkit's protocols evaluate it: descriptors, the model, the nearest neighbour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ferkit.plugin import DataError, Descriptor, Epoch, Face, RunError, describe_faces
from ferkit_dsgplvm.back_projection import ProjectionKind
from ferkit_dsgplvm.kernel import Array
from ferkit_dsgplvm.laplacian import Prior
from ferkit_dsgplvm.model import DsGplvm, ModelOptions, fit_model
from ferkit_dsgplvm.neighbours import NearestClass
from ferkit_dsgplvm.option_checks import check_options
from ferkit_dsgplvm.search import Choice, SearchOptions, Training, choose, combine
from ferkit_dsgplvm.views import Scaling, ViewScaler

SHARED = ("prior", "view_weights", "width", "xi", "cycles", "steps", "mu", "growth", "mu_max")
"""Options that every candidate has, by the same name."""


@dataclass(eq=False, repr=False)
class DsGplvmEstimator:
    """Discriminative shared Gaussian process latent variable model (Eleftheriadis, Rudovic, Pantic 2015).

    descriptors: one view each. image_size: the faces' side in pixels. variance: what PCA keeps of a view;
    scaling: of a view as a whole, or of each of its "components". prior: of the graph that joins faces of a
    class, "lpp" or "lda"; xi: added to its Laplacian. back_projection: "independent", a kernel regression for
    each view, averaged; "single", one on the views' kernels, added with `view_weights` (equal if empty).
    width: of the back-projections' kernels, relative to the median squared distance.

    latent_dims (q), prior_weights (β) and ridges (λ): where they hold more than one combination, that with
    the best UAR over inner_folds inner folds is chosen, fits in the search having
    search_cycles. inner_by: the kind of group, e.g. "movie", that no inner split divides, or "none".

    cycles: of alternating directions; steps: L-BFGS iterations in each; mu: the constraints' weight, which
    grows by `growth` each cycle up to mu_max. neighbours: of a class, that its distance is the mean of.
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
            latent_dim=0,  # this, prior_weight and ridge are those of each candidate
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
        """One epoch: more would be an invitation to choose among them on the test fold.

        Raises DataError where the faces can't be learned from, RunError where the training breaks down.
        """
        began = perf_counter()
        classes = self._classes_of(train)
        _check_classes(classes, self.labels)
        training = self._describe(train, classes)
        # On matrices of a few hundred rows several threads lose more by waiting than they gain, and their
        # number would change the last digits, by which the search may decide otherwise.
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
        """Each face on its own: its views, their back-projection, the nearest training faces."""
        if self.model is None or self.nearest is None:
            raise RunError("ds_gplvm: predict was called before fit")
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

    def _describe(self, train: Sequence[Face], classes: NDArray[np.int64]) -> Training:
        features = describe_faces(train, self.descriptors, self.image_size)
        names = [descriptor.signature for descriptor in self.descriptors]
        groups = None if self.inner_by == "none" else _groups_of(train, self.inner_by)
        return Training(features, names, classes, groups, self.variance, self.scaling)


def _groups_of(faces: Sequence[Face], kind: str) -> NDArray[np.str_]:
    for face in faces:
        if kind not in face.sample.groups:
            there = ", ".join(sorted(face.sample.groups)) or "none"
            raise DataError(
                f"{face.sample.path}: has no group {kind!r}, which inner_by asks for; it has: {there}"
            )
    return np.array([face.sample.groups[kind] for face in faces])


def _check_classes(classes: NDArray[np.int64], labels: Sequence[str]) -> None:
    counts = Counter(labels[index] for index in classes.tolist())
    if len(counts) < 2:
        there = next(iter(counts), "no face at all")
        raise DataError(f"ds_gplvm: the training faces are all of one class ({there}); expected at least two")
    alone = sorted(label for label, count in counts.items() if count == 1)
    if alone:
        raise DataError(
            f"ds_gplvm: {', '.join(alone)}: one training face; expected at least two of each class, for the "
            "prior to draw together. Add images, or leave the class out"
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
    """The mean negative log-likelihood; 0 of no faces."""
    if not len(classes):
        return 0.0
    of_truth = probabilities[np.arange(len(classes)), classes]
    return -float(np.log(np.maximum(of_truth, 1e-12)).mean())
