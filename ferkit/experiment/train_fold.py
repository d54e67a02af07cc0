"""One training of a run: fit, record every epoch, keep what is best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferkit.components.component import Component
from ferkit.components.registry import Registry
from ferkit.errors import RunError
from ferkit.evaluation.metrics.calibration import fit_temperature
from ferkit.evaluation.metrics.scores import score
from ferkit.evaluation.protocol import Fold
from ferkit.evaluation.protocol_options import Measure
from ferkit.experiment.estimator import make_estimator
from ferkit.experiment.progress import Progress
from ferkit.experiment.run_dir import RunDir, predictions_table
from ferkit.interfaces import Dataset, Epoch, Face
from ferkit.neural.estimator import NeuralEstimator
from ferkit.recipe.grid import Candidate

CellData = tuple[Sequence[Face], Sequence[str], Callable[[str, Dataset], Sequence[Face]]]
"""All faces, the labels, and what gives the faces of other data sets."""


def train_fold(
    settings: Candidate,
    registry: Registry,
    measure: Measure,
    run_dir: RunDir,
    fold: Fold,
    data: CellData,
    progress: Progress,
) -> None:
    """Fit one estimator, scoring every epoch on the images that the fold watches."""
    faces, labels, crop = data
    watched = [faces[position] for position in fold.watched]
    truth = [face.sample.label for face in watched]
    state_file = run_dir.state_file(fold)
    estimator, network = make_estimator(
        settings.recipe, registry, labels, fold, state_file, progress.batch, crop
    )
    part = settings.recipe.estimator
    who = registry.get("estimator", part.name) if part else None
    for given in estimator.fit([faces[position] for position in fold.train], watched):
        check_probabilities(given.probabilities, len(watched), labels, who)
        scores = score(truth, given.probabilities, labels)
        epoch = replace(given, validation_loss=scores.nll) if isnan(given.validation_loss) else given
        run_dir.keep_pictures(fold, epoch)
        is_best = run_dir.record_epoch(fold, epoch, scores, watched, labels, measure)
        if is_best and fold.validation is not None:
            test = [faces[position] for position in fold.test]
            probabilities = estimator.predict(test)
            check_probabilities(probabilities, len(test), labels, who)
            keep_choice(run_dir, fold, settings, network, epoch, (watched, test), probabilities, labels)
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
    fold: Fold,
    settings: Candidate,
    network: NeuralEstimator | None,
    epoch: Epoch,
    images: tuple[Sequence[Face], Sequence[Face]],
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
) -> None:
    """Keep the network of the best epoch so far, its temperature, and what it says of the test images.

    images: those that chose, and the test images; probabilities: of the latter, whose labels are looked at
    once, when all has been chosen.
    """
    watched, test = images
    true = np.array([labels.index(face.sample.label) for face in watched])
    temperature = fit_temperature(true, epoch.probabilities)
    choice = {
        "candidate": fold.candidate,
        "settings": dict(settings.settings),
        "epoch": epoch.number,
        "temperature": temperature,
    }
    if network and network.is_fitted:
        # Beside another estimator it is not what the temperature was fitted on.
        own = None if settings.recipe.estimator else temperature
        network.save(run_dir.fold_dir(fold) / "model.safetensors", own)
    run_dir.record_choice(
        fold,
        choice,
        validation=predictions_table(watched, labels, epoch.probabilities),
        test=predictions_table(test, labels, probabilities),
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
