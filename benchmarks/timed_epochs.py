"""Epochs of a recipe as `ferkit run` makes them, timed, for what is set beside them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ferkit.components.registry import Registry
from ferkit.interfaces import Face
from ferkit.neural import loop
from ferkit.neural.augment import Augmentation
from ferkit.neural.build import build_loss, build_model
from ferkit.neural.estimator import NeuralEstimator
from ferkit.recipe.schema import Recipe
from ferkit.runtime.prefetch import iterate_ahead


@dataclass(frozen=True, slots=True)
class TimedEpoch:
    """seconds: of training, testing and writing the state; waited: those of them spent waiting for images."""

    seconds: float
    waited: float


def ferkit_epochs(
    recipe: Recipe, registry: Registry, train: Sequence[Face], test: Sequence[Face], labels: Sequence[str]
) -> Iterator[TimedEpoch]:
    """As many as the recipe has; the first one includes building the network."""
    with tempfile.TemporaryDirectory() as folder:
        estimator = NeuralEstimator(
            recipe.model,
            recipe.fit,
            labels,
            seed=0,
            build_network=partial(build_model, recipe.model, registry, labels),
            build_loss=partial(build_loss, recipe.loss, registry, labels),
            augmentation=Augmentation(recipe.augment, recipe.model.image_size),
            state_file=Path(folder) / "state.pt",
        )
        waiting = Waiting(iterate_ahead)
        epochs = estimator.fit(train, test)
        while True:
            started, waiting.seconds = time.perf_counter(), 0.0
            # Training has no business with a clock for each batch; only who measures it has.
            with patch.object(loop, "iterate_ahead", waiting):
                epoch = next(epochs, None)
            if epoch is None:
                return
            yield TimedEpoch(time.perf_counter() - started, waiting.seconds)


class Waiting:
    """Goes through batches as `fetch` does, and adds up the seconds until each was there."""

    def __init__(self, fetch: Callable[..., Iterator[Any]]) -> None:
        self.fetch = fetch
        self.seconds = 0.0

    def __call__(self, batches: Iterable[Any], *ahead: int) -> Iterator[Any]:
        coming = self.fetch(batches, *ahead)
        while True:
            started = time.perf_counter()
            batch = next(coming, None)
            self.seconds += time.perf_counter() - started
            if batch is None:
                return
            yield batch
