"""Train one network on all images of a run, after its folds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

import numpy as np

from ferkit.components.registry import Registry
from ferkit.errors import RunError
from ferkit.evaluation.epoch_selection import EpochScore, best_of
from ferkit.evaluation.protocol import Fold
from ferkit.evaluation.protocol_options import Measure
from ferkit.experiment.estimator import make_network_estimator
from ferkit.experiment.progress import Progress
from ferkit.experiment.run_dir import RunDir
from ferkit.experiment.values import TrainingData, TrainingJob
from ferkit.recipe.grid import Candidate
from ferkit.recipe.schema import Recipe


@dataclass(frozen=True, slots=True, eq=False)
class RefitPlan:
    """The plan of the training on all images.

    Attributes:
        job: Recipe, images and seed. The seed is that of the first fold of one more repeat.
        epochs: Number of epochs, 1 or more.
        temperature: Median of the folds' temperatures; None if none was fitted.
    """

    job: TrainingJob
    epochs: int
    temperature: float | None

    @property
    def choice(self) -> dict[str, Any]:
        """The content of choice.json and of the summary."""
        return {
            "candidate": self.job.fold.candidate,
            "settings": dict(self.job.settings.settings),
            "epoch": self.epochs,
            "temperature": self.temperature,
            "images": len(self.job.fold.train),
        }


def check_refit(recipe: Recipe) -> None:
    """Raise RunError if the recipe has an estimator, whose result is no network, or a search."""
    if recipe.search:
        raise RunError(
            "Cannot use --refit: the recipe has a [search], and each fold has its own best settings. Drop "
            "--refit, or write the settings of one fold into the recipe."
        )
    if recipe.estimator:
        raise RunError(
            f"Cannot use --refit: the recipe has the estimator {recipe.estimator.name!r}, and only networks "
            "can be used on new images. Drop --refit, or use a recipe without [estimator]."
        )


def plan_refit(
    recipe: Recipe,
    registry: Registry,
    candidates: Sequence[Candidate],
    folds: Sequence[Fold],
    measure: Measure,
    run_dir: RunDir,
) -> RefitPlan:
    """Plan the training from the finished folds.

    With validation images, the number of epochs is the median of the epochs that the folds selected, rounded
    half up. Of a grid, the candidate is taken whose selected epochs have the best mean on the validation
    images. Without validation images, all epochs of the recipe are trained.

    Args:
        recipe: The recipe.
        registry: The installed components.
        candidates: The candidates of the grid, or none.
        folds: All folds of the run, which must be finished.
        measure: Measure on the validation images.
        run_dir: The run folder.
    """
    images = np.unique(np.concatenate([part for fold in folds for part in _parts(fold)]))
    candidate, epochs = None, recipe.fit.epochs
    if all(fold.validation is not None for fold in folds):
        chosen = _chosen_epochs(run_dir.epoch_scores(), measure)
        candidate = max(chosen, key=lambda one: _mean_merit(chosen[one], measure))
        epochs = math.floor(median(one.epoch for one in chosen[candidate]) + 0.5)
    settings = Candidate({}, recipe) if candidate is None else candidates[candidate]
    fold = Fold(recipe.protocol.repeats, 0, images, images[:0], candidate=candidate)
    fitted = [choice["temperature"] for one in folds if (choice := run_dir.choice(one))]
    job = TrainingJob(settings, registry, fold, measure)
    return RefitPlan(job, min(epochs, settings.recipe.fit.epochs), median(fitted) if fitted else None)


def _parts(fold: Fold) -> list[Any]:
    return [part for part in (fold.train, fold.validation, fold.test) if part is not None]


def _chosen_epochs(
    scores: Sequence[EpochScore], measure: Measure
) -> Mapping[int | None, Sequence[EpochScore]]:
    """Map each candidate to the best epoch of each of its trainings."""
    trainings: dict[tuple[int | None, int, int], list[EpochScore]] = {}
    for one in sorted(scores, key=lambda one: one.epoch):
        trainings.setdefault((one.candidate, one.repeat, one.fold), []).append(one)
    chosen: dict[int | None, list[EpochScore]] = {}
    for (candidate, _, _), epochs in sorted(trainings.items(), key=lambda item: item[0][0] or 0):
        chosen.setdefault(candidate, []).append(best_of(epochs, measure))
    return chosen


def _mean_merit(chosen: Sequence[EpochScore], measure: Measure) -> tuple[float, float]:
    first, second = zip(*(one.merit(measure) for one in chosen), strict=True)
    return mean(first), mean(second)


def refit(plan: RefitPlan, run_dir: RunDir, data: TrainingData, progress: Progress) -> None:
    """Train the network on all images, or continue an interrupted training.

    The schedule of the learning rate is that of the recipe, which the folds had. It stops after the planned
    number of epochs.
    """
    place = run_dir.refit
    place.begin(plan.choice)
    network = make_network_estimator(plan.job, data.labels, place.state_file, progress.batch)
    progress.begin_refit(len(plan.job.fold.train), plan.epochs)
    for epoch in network.fit(data.take(plan.job.fold.train), []):
        place.record_epoch(epoch)
        progress.refit_epoch(epoch)
        if epoch.number >= plan.epochs:
            break
    network.save(place.model_file, plan.temperature)
    place.finish(plan.choice)
