"""Train one fold of a run, as a job of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferkit.errors import RunError
from ferkit.evaluation.protocol import Fold, folds
from ferkit.experiment.parts.merge import lend, part_path
from ferkit.experiment.parts.part import parts_of
from ferkit.experiment.parts.worker import LoadedRun, train_loaded
from ferkit.experiment.progress import Progress
from ferkit.experiment.run import RunRequest, check_crops, find_crops, read_samples, settle
from ferkit.experiment.run_dir import RunDir, check_recipe


def train_one_fold(order: RunRequest, repeat: int, index: int, progress: Progress) -> list[Path]:
    """Train a fold in its own part of the run folder, or continue it. Candidates have a part each.

    Args:
        order: The run. Its folder does not need to exist.
        repeat: Number of the repeat, from 0.
        index: Number of the fold, from 0.
        progress: Receives what happens.

    Returns:
        The folders of the parts. Empty if the run has the fold already.

    Raises:
        RunError: The run has no such fold, or another process trains it.
        FerkitError: A step fails.
    """
    run = _read_run(order, progress)
    own = [one for one in run.folds if (one.repeat, one.index) == (repeat, index)]
    if not own:
        raise RunError(f"Cannot train --repeat {repeat} --fold {index}: {_describe_folds(run.folds)}.")
    if (order.folder / "recipe.toml").exists():
        check_recipe(order.folder, run.order.resolved)
    trained = []
    for part in parts_of(run.order.recipe, run.folds):
        if part.folds[0] in own and not part.is_finished(RunDir(order.folder)):
            lend(RunDir(order.folder), part)
            train_loaded(run, part, progress)
            trained.append(part_path(order.folder, part))
    return trained


def _read_run(order: RunRequest, progress: Progress) -> LoadedRun:
    """Read the images of a run, with all checks that come before a training."""
    samples, labels, _ = read_samples(order)
    order = settle(order, samples)
    crops = find_crops(order.recipe, order.registry, samples, progress.faces)
    check_crops(crops, labels)
    todo = list(folds(order.recipe.protocol, [face.sample for face in crops.faces], order.trials))
    return LoadedRun(order, crops, labels, todo)


def _describe_folds(todo: Sequence[Fold]) -> str:
    """List the numbers of repeats and folds of a run."""
    last_repeat, last_fold = max(one.repeat for one in todo), max(one.index for one in todo)
    return f"the run has the repeats 0 to {last_repeat} and the folds 0 to {last_fold}"
