"""Train the folds of a part in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferkit.experiment.parts.part import Part
from ferkit.experiment.progress import Progress
from ferkit.experiment.run_dir import RunDir
from ferkit.experiment.search import check_trials, make_pruner, propose
from ferkit.experiment.train_fold import train_fold
from ferkit.experiment.values import TrainingData, TrainingJob

if TYPE_CHECKING:
    from ferkit.experiment.run import RunRequest


def train_part(
    order: RunRequest, run_dir: RunDir, part: Part, data: TrainingData, progress: Progress, total: int
) -> None:
    """Train the folds of a part that are not finished.

    Args:
        order: The run.
        run_dir: Folder of the run, or of the part.
        part: The part.
        data: Faces and labels.
        progress: Receives what happens.
        total: Number of trainings of the run.

    Raises:
        FerkitError: A training fails.
    """
    for number, fold in enumerate(part.folds, start=part.number):
        if run_dir.finished(fold) is None:
            measure = order.measure(fold)
            propose(order.recipe, run_dir, fold, measure)
            progress.begin_fold(fold, number, total)
            is_hopeless = make_pruner(order.recipe, run_dir, fold, measure)
            settings = order.settings(fold, run_dir.path)
            train_fold(
                TrainingJob(settings, order.registry, fold, measure, is_hopeless), run_dir, data, progress
            )
        check_trials(order.recipe, run_dir, fold)
