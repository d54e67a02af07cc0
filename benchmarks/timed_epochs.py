"""Timed epochs of ferkit's training loop, in turns with other loops."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ferkit.bench.record import Measurement
from ferkit.bench.run import ProgressCallback
from ferkit.components.registry import Registry
from ferkit.experiment.estimator import build_parts
from ferkit.interfaces import Face
from ferkit.neural import loop
from ferkit.neural.augment import Augmentation
from ferkit.neural.build import build_model
from ferkit.neural.estimator import NeuralEstimator
from ferkit.recipe.schema import Recipe
from ferkit.runtime.prefetch import iterate_ahead


@dataclass(frozen=True, slots=True)
class TimedEpoch:
    """One epoch.

    Attributes:
        seconds: Time for training, testing and writing the state.
        waited: Seconds of it spent waiting for images.
    """

    seconds: float
    waited: float


def ferkit_epochs(
    recipe: Recipe, registry: Registry, train: Sequence[Face], test: Sequence[Face], labels: Sequence[str]
) -> Iterator[TimedEpoch]:
    """Train as `ferkit run` does, for the recipe's epochs. The first epoch includes building the network."""
    with tempfile.TemporaryDirectory() as folder:
        estimator = NeuralEstimator(
            recipe.model,
            recipe.fit,
            labels,
            seed=0,
            build_network=partial(build_model, recipe.model, registry, labels),
            build_parts=partial(build_parts, recipe, registry, labels),
            augmentation=Augmentation(recipe.augment, recipe.model.image_size, registry),
            state_file=Path(folder) / "state.pt",
        )
        waiting = Waiting(iterate_ahead)
        epochs = estimator.fit(train, test)
        while True:
            started, waiting.seconds = time.perf_counter(), 0.0
            with patch.object(loop, "iterate_ahead", waiting):
                epoch = next(epochs, None)
            if epoch is None:
                return
            yield TimedEpoch(time.perf_counter() - started, waiting.seconds)


class Waiting:
    """An iterator over batches that adds up the seconds of waiting for the next one."""

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


def take_turns(
    loops: Mapping[str, Iterator[TimedEpoch]], rounds: int, images: int, say: ProgressCallback
) -> tuple[list[Measurement], dict[str, list[float]]]:
    """Run one epoch of each loop per round, after a first round that does not count.

    Returns:
        A measurement and the seconds of waiting in each round, per loop.
    """
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    waited: dict[str, list[float]] = {name: [] for name in loops}
    for number in range(rounds + 1):
        for name, epochs in loops.items():
            say(f"epoch {number} of {rounds}: {name}")
            epoch = next(epochs)
            if number:
                seconds[name].append(epoch.seconds)
                waited[name].append(epoch.waited)
    return [
        Measurement({"stage": "epoch", "loop": name}, each, images) for name, each in seconds.items()
    ], waited
