"""Kernel ridge regression on features of a network as an estimator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from ferkit.plugin import (
    DataError,
    Descriptor,
    Epoch,
    Face,
    FeatureEstimator,
    FerkitError,
    ModelFeatures,
    RunError,
    describe_faces,
    inner_groups,
    make_inner_folds,
)
from ferkit_kernels.blocks import Block, BlockDistances
from ferkit_kernels.search import Choice, Regression, choose, make_candidates

SMALLEST = 1e-12
MOST_BLOCKS = 6
OWN = "the network"
NONE: Mapping[str, tuple[str, ...]] = MappingProxyType({})
CHOSEN = "gamma and ridge"


class KernelRidgeEstimator:
    """Kernel ridge regression on features of the recipe's network, which is not trained.

    Each stage of the network is a block of features. So is each stage of another trained model, and each
    descriptor. The kernel is the mean of one
    RBF kernel for each block, exp(−γ·d). d is the mean squared difference of the standardised features.
    Standardisation and regression are fitted on the training faces only. The targets are the label matrix: 1
    for the class of a face, else 0 (one against rest). Source of the regression: Saunders, Gammerman and
    Vovk, "Ridge Regression Learning Algorithm in Dual Variables", ICML 1998.

    γ, ridge and the temperature T are chosen on inner folds of the training faces. Probabilities are
    softmax(s/T) of the scores s. T has the lowest negative log-likelihood on the inner folds. The most
    probable class has the highest score. A class without training faces has probability 0.

    Args:
        stages: Stages of the backbone, such as "mixed_6a". "default" is its default stage, "logits" are the
            logits of the network.
        models: Other trained models and their stages, such as `{ "runs/ferplus" = ["mixed_6a", "logits"] }`:
            "default", a run folder (its first fold) or a .safetensors file. Faces are resized and normalised
            as in the training of the model.
        grid: Cells per side in which the channels of a stage are averaged, 1 to 16. 1 is the mean of the map.
        mirror: Average the features of each face and its mirror image.
        descriptors: Descriptor components, each a block.
        image_size: Side of the grey square that is described, 16 to 1024 pixels.
        gamma: Values of γ to try, above 0.
        ridge: Values to try, above 0, that are added to the diagonal of the kernel.
        choose_blocks: Choose the blocks on the inner folds too, from all combinations of at most 6 blocks.
        inner_folds: Number of inner folds, at least 2.
        inner_by: Kind of group that no two inner folds share, such as "movie". "none" means no groups.
            "test" means the coarsest kind that training and tested faces do not share. Default: the coarsest
            kind that all faces have.
        seed: Seed of the inner folds, given by the run.
    """

    sections = ("model", "fit")
    """[fit] has the batch size and the precision of the features."""

    def __init__(
        self,
        labels: Sequence[str],
        network: FeatureEstimator,
        open_model: Callable[[str], ModelFeatures],
        seed: int = 0,
        stages: tuple[str, ...] = ("default",),
        models: Mapping[str, tuple[str, ...]] = NONE,
        grid: int = 1,
        mirror: bool = True,
        descriptors: tuple[Descriptor, ...] = (),
        image_size: int = 128,
        gamma: tuple[float, ...] = (0.3, 1.0, 3.0),
        ridge: tuple[float, ...] = (0.05, 0.1, 0.2),
        choose_blocks: bool = False,
        inner_folds: int = 5,
        inner_by: str | None = None,
    ) -> None:
        count = _count_blocks({OWN: stages, **models}, descriptors, choose_blocks)
        _check_range("grid", grid, 1, 16)
        _check_range("image_size", image_size, 16, 1024)
        _check_positive(gamma=gamma, ridge=ridge)
        _check_inner(inner_folds, inner_by)
        self.labels = tuple(labels)
        self.network = network
        self.open_model = open_model
        self.seed = seed
        self.stages = stages
        self.grid = grid
        self.mirror = mirror
        self.descriptors = descriptors
        self.image_size = image_size
        self.models = models
        self.candidates = make_candidates(gamma, ridge, count, choose_blocks)
        self.inner_folds = inner_folds
        self.inner_by = inner_by
        self._opened: dict[str, ModelFeatures] = {}
        self._known: list[int] = []
        self._temperature = 1.0
        self._fitted: tuple[BlockDistances, Regression] | None = None

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        """Yield one epoch. Its losses are negative log-likelihoods.

        Raises:
            DataError: There are fewer than two classes, too few images or groups for inner folds, or all
                features are equal.
        """
        start = perf_counter()
        names = [face.sample.label for face in train]
        if len(set(names)) < 2:
            got = f"only {names[0]!r}" if names else "no faces"
            raise DataError(f"kernel_ridge needs training faces of at least two classes, got {got}.")
        groups = inner_groups(
            [face.sample for face in train], self.inner_by, [face.sample for face in validation]
        )
        folds, warnings = make_inner_folds(names, groups, self.inner_folds, self.seed, CHOSEN)
        blocks = self._blocks(train)
        self._check_varied(blocks)
        self._known = [place for place, label in enumerate(self.labels) if label in names]
        truth = np.array([self._known.index(self.labels.index(name)) for name in names])
        choice = choose(blocks, truth, folds, self.candidates)
        self._temperature = choice.temperature
        distances = BlockDistances(blocks)
        fitted = Regression(distances(blocks), truth, len(self._known), choice.candidate)
        self._fitted = distances, fitted
        inside, outside = self._probabilities(blocks), self.predict(validation)
        yield Epoch(
            number=1,
            train_loss=self._loss(inside, names),
            train_accuracy=float((inside.argmax(axis=1) == np.array(self._known)[truth]).mean()),
            validation_loss=self._loss(outside, [face.sample.label for face in validation]),
            probabilities=outside,
            learning_rate=0.0,
            seconds=perf_counter() - start,
            details=self._details(choice, len(folds)),
            warnings=[*warnings, *self._overlaps(validation)],
        )

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return (faces, labels) probabilities. Raises RunError before `fit`."""
        if self._fitted is None:
            raise RunError("Cannot predict: kernel_ridge has not been fitted. Call fit first.")
        if not faces:
            return np.empty((0, len(self.labels)))
        return self._probabilities(self._blocks(faces))

    def _probabilities(self, blocks: Sequence[Block]) -> NDArray[np.float64]:
        assert self._fitted is not None
        distances, fitted = self._fitted
        found = np.zeros((len(blocks[0]), len(self.labels)))
        found[:, self._known] = softmax(fitted.scores(distances(blocks)) / self._temperature, axis=1)
        return found

    def _blocks(self, faces: Sequence[Face]) -> list[Block]:
        """Return the features (N, D) of each stage and descriptor."""
        sources = [(self.network, self.stages), *((self._open(name), of) for name, of in self.models.items())]
        deep = [
            block
            for source, stages in sources
            if stages
            for block in source.stage_features(faces, stages, self.grid, self.mirror)
        ]
        return [*deep, *describe_faces(faces, self.descriptors, self.image_size)]

    def _open(self, name: str) -> ModelFeatures:
        if name not in self._opened:
            try:
                self._opened[name] = self.open_model(name)
            except FerkitError as error:
                raise RunError(f"estimator.models: {error}") from error
        return self._opened[name]

    def _overlaps(self, tested: Sequence[Face]) -> list[str]:
        """Return a warning for each model that was, or may have been, trained on tested images."""
        found = []
        for name in self.models:
            shared = self._open(name).count_trained_on(tested)
            if shared is None:
                found.append(f"The training images of {name} are unknown. They may be tested here")
            elif shared:
                found.append(
                    f"{shared} of {len(tested)} tested images are training images of {name}: the scores are "
                    "optimistic"
                )
        return found

    def _block_names(self) -> list[str]:
        of_models = [f"{name}.{stage}" for name, stages in self.models.items() for stage in stages]
        return [*self.stages, *of_models, *(one.signature for one in self.descriptors)]

    def _check_varied(self, blocks: Sequence[Block]) -> None:
        for name, block in zip(self._block_names(), blocks, strict=True):
            if np.ptp(block, axis=0).max() <= 1e-9 * np.abs(block).max():
                raise DataError(
                    f"Cannot fit kernel_ridge: the features of {name!r} are the same for all {len(block)} "
                    "training faces. Remove this block, or check the weights and the crops."
                )

    def _loss(self, probabilities: NDArray[np.float64], names: Sequence[str]) -> float:
        """Return the mean negative log-likelihood, 0 for no images."""
        given = [row[self.labels.index(name)] for row, name in zip(probabilities, names, strict=True)]
        return -float(np.log(np.maximum(given, SMALLEST)).mean()) if given else 0.0

    def _details(self, choice: Choice, folds: int) -> dict[str, float]:
        names = enumerate(self._block_names())
        used = {f"block_{name}": float(place in choice.candidate.blocks) for place, name in names}
        return {
            "gamma": choice.candidate.gamma,
            "ridge": choice.candidate.ridge,
            "inner_accuracy": choice.accuracy,
            "inner_folds": float(folds),
            "temperature": choice.temperature,
            **used,
        }


def _count_blocks(
    stages: Mapping[str, Sequence[str]], descriptors: Sequence[Descriptor], choose_blocks: bool
) -> int:
    """Return the number of blocks. Raises ValueError for none, equal or too many blocks."""
    count = sum(map(len, stages.values())) + len(descriptors)
    if not count:
        raise ValueError("stages: expected at least one stage or descriptor, got none")
    for name, some in stages.items():
        if not some and name != OWN:
            raise ValueError(f"models: expected at least one stage of {name}, got none")
        if len(set(some)) < len(some):
            raise ValueError(f"stages: expected different stages of {name}, got {list(some)}")
    if choose_blocks and count > MOST_BLOCKS:
        raise ValueError(
            f"choose_blocks: expected at most {MOST_BLOCKS} stages and descriptors, got {count}. Name fewer, "
            "or set choose_blocks = false."
        )
    return count


def _check_inner(folds: int, by: str | None) -> None:
    if folds < 2:
        raise ValueError(f"inner_folds: expected at least 2, got {folds}")
    if by == "":
        raise ValueError('inner_by: expected a kind of group, such as "movie", or "none", got ""')


def _check_range(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name}: expected a whole number from {least} to {most}, got {value}")


def _check_positive(**given: Sequence[float]) -> None:
    for name, values in given.items():
        if not values or min(values) <= 0:
            raise ValueError(f"{name}: expected numbers above 0, got {list(values)}")
