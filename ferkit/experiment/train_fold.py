"""One training of a run: fit, record every epoch, keep what is best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferkit.components.component import Component
from ferkit.errors import RunError
from ferkit.evaluation.metrics.calibration import fit_temperature
from ferkit.evaluation.metrics.scores import score
from ferkit.evaluation.protocol import Fold
from ferkit.experiment.estimator import make_estimator
from ferkit.experiment.progress import Progress
from ferkit.experiment.run_dir import RunDir, predictions_table
from ferkit.experiment.training import SelectedEpoch, TrainingData, TrainingJob
from ferkit.neural.estimator import NeuralEstimator


def train_fold(job: TrainingJob, run_dir: RunDir, data: TrainingData, progress: Progress) -> None:
    """Fit one estimator, scoring every epoch on the images that the fold watches."""
    fold, labels = job.fold, data.labels
    monitored = data.take(fold.monitored)
    truth = [face.sample.label for face in monitored]
    estimator, network = make_estimator(job, data, run_dir.state_file(fold), progress.batch)
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
    if not run_dir.has_epochs(fold):
        raise RunError(f"the {who or 'network'} gave no epoch for {fold.name}; fit must yield at least one")
    run_dir.finish_fold(fold, _keep_network(run_dir, fold, network))


def _keep_network(run_dir: RunDir, fold: Fold, network: NeuralEstimator | None) -> dict[str, Any]:
    """Its size and what it began with; the last epoch's is kept where none is chosen."""
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
    """Keep the network of the selected epoch, its temperature, and what it predicts for the test images."""
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
        # Beside another estimator it is not what the temperature was fitted on.
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
    """Raises RunError where an estimator's answer is not one row of probabilities for each image.

    estimator: None is the recipe's own network.
    """
    found, who = np.asarray(probabilities), f"the {estimator or 'network'}"
    hint = f". {estimator.hint}" if estimator else ""
    expected = f"expected {images} rows of {len(labels)} probabilities that add up to 1{hint}"
    if found.shape != (images, len(labels)):
        raise RunError(f"{who} gave an array of shape {found.shape}; {expected}")
    if not np.isfinite(found).all() or (found < 0).any():
        raise RunError(f"{who} gave numbers that are no probabilities; {expected}")
    if (worst := float(np.abs(found.sum(axis=1) - 1).max(initial=0))) > 1e-3:
        raise RunError(f"{who} gave rows that are off by {worst:.3g}; {expected}")
