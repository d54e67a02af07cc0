"""Train one fold: fit, save every epoch, and keep the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferkit.components.component import Component
from ferkit.errors import DivergenceError, RunError
from ferkit.evaluation.metrics.calibration import fit_temperature
from ferkit.evaluation.metrics.scores import score
from ferkit.evaluation.protocol import Fold
from ferkit.experiment.estimator import make_estimator
from ferkit.experiment.progress import Progress
from ferkit.experiment.run_dir import RunDir, predictions_table
from ferkit.experiment.values import SelectedEpoch, TrainingData, TrainingJob
from ferkit.interfaces import Estimator
from ferkit.neural.estimator import NeuralEstimator


def train_fold(job: TrainingJob, run_dir: RunDir, data: TrainingData, progress: Progress) -> None:
    """Fit an estimator, and score every epoch on the monitored images of the fold.

    Raises:
        DivergenceError: The training diverged. A trial of a search ends instead.
        RunError: The estimator's results have errors.
    """
    fold = job.fold
    estimator, network = make_estimator(job, data, run_dir.state_file(fold), progress.batch)
    early: dict[str, bool] = {}
    try:
        if _fit(job, run_dir, data, progress, estimator, network):
            early = {"is_pruned": True}
    except DivergenceError as error:
        if not job.settings.is_trial:
            raise
        progress.note(f"Trial {(fold.candidate or 0) + 1} of {fold.directory} ended early: {error}")
        early = {"has_diverged": True}
    run_dir.finish_fold(fold, {**_keep_network(run_dir, fold, network), **early})


def _fit(
    job: TrainingJob,
    run_dir: RunDir,
    data: TrainingData,
    progress: Progress,
    estimator: Estimator,
    network: NeuralEstimator | None,
) -> bool:
    """Record the epochs of a fold. Return True if it was pruned."""
    fold, labels = job.fold, data.labels
    monitored = data.take(fold.monitored)
    truth = [face.sample.label for face in monitored]
    part = job.settings.recipe.estimator
    who = job.registry.get("estimator", part.name) if part else None
    for given in estimator.fit(data.take(fold.train), monitored):
        check_probabilities(given.probabilities, len(monitored), labels, who)
        scores = score(truth, given.probabilities, labels)
        epoch = replace(given, validation_loss=scores.nll) if isnan(given.validation_loss) else given
        run_dir.keep_pictures(fold, epoch)
        is_best = run_dir.record_epoch(fold, epoch, scores, monitored, labels, job.measure)
        if is_best and fold.validation is not None:
            test = data.take(fold.test)
            probabilities = estimator.predict(test)
            check_probabilities(probabilities, len(test), labels, who)
            keep_choice(run_dir, job, labels, network, SelectedEpoch(epoch, monitored, test, probabilities))
        for warning in epoch.warnings:
            progress.note(warning)
        progress.epoch(epoch, scores)
        if job.is_hopeless and job.is_hopeless():
            return True
    if not run_dir.has_epochs(fold):
        raise RunError(
            f"the {who or 'network'} yielded no epoch for {fold.name}. Its fit must yield at least one."
        )
    return False


def _keep_network(run_dir: RunDir, fold: Fold, network: NeuralEstimator | None) -> dict[str, Any]:
    """Return size and initial hash of the network. Without validation images, save the last epoch."""
    if network is None or not network.is_fitted:
        return {"parameters": None}
    if fold.validation is None:
        network.save(run_dir.fold_dir(fold) / "model.safetensors")
    total, trained = network.count_parameters()
    return {"parameters": {"total": total, "trained": trained}, "backbone_sha256": network.began_with}


def keep_choice(
    run_dir: RunDir,
    job: TrainingJob,
    labels: Sequence[str],
    network: NeuralEstimator | None,
    selected: SelectedEpoch,
) -> None:
    """Save the network of the selected epoch, its temperature, and its predictions for the test images."""
    settings, validation = job.settings, selected.epoch.probabilities
    true = np.array([labels.index(face.sample.label) for face in selected.validation])
    temperature = fit_temperature(true, validation)
    choice = {
        "candidate": job.fold.candidate,
        "settings": dict(settings.settings),
        "epoch": selected.epoch.number,
        "temperature": temperature,
    }
    if network and network.is_fitted:
        # With another estimator, the temperature was not fitted on this network.
        own = None if settings.recipe.estimator else temperature
        network.save(run_dir.fold_dir(job.fold) / "model.safetensors", own)
    run_dir.record_choice(
        job.fold,
        choice,
        validation=predictions_table(selected.validation, labels, validation),
        test=predictions_table(selected.test, labels, selected.probabilities),
    )


def check_probabilities(
    probabilities: NDArray[np.float64], images: int, labels: Sequence[str], estimator: Component | None
) -> None:
    """Raise RunError unless there is a row of probabilities for each image.

    Args:
        probabilities: The result of an estimator.
        images: Number of images.
        labels: The labels, in order.
        estimator: The estimator, or None for the recipe's network.
    """
    found, who = np.asarray(probabilities), f"the {estimator or 'network'}"
    hint = f". {estimator.hint}" if estimator else ""
    expected = f"expected {images} rows of {len(labels)} probabilities that sum to 1{hint}"
    if found.shape != (images, len(labels)):
        raise RunError(f"{who} returned an array of shape {found.shape}; {expected}")
    if not np.isfinite(found).all() or (found < 0).any():
        raise RunError(f"{who} returned numbers that are not probabilities; {expected}")
    if (worst := float(np.abs(found.sum(axis=1) - 1).max(initial=0))) > 1e-3:
        raise RunError(f"{who} returned rows whose sum differs from 1 by {worst:.3g}; {expected}")
