"""Train all folds of a run, in this process or in several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ferkit.evaluation.protocol import Fold
from ferkit.experiment.parts.collect import collect
from ferkit.experiment.parts.merge import merge_part, open_part, part_path, remove_part
from ferkit.experiment.parts.part import Part, parts_of
from ferkit.experiment.parts.train_part import train_part
from ferkit.experiment.progress import Progress
from ferkit.experiment.refit import plan_refit, refit
from ferkit.experiment.run_dir import RunDir
from ferkit.experiment.search import check_trials
from ferkit.experiment.values import TrainingData

if TYPE_CHECKING:
    from ferkit.experiment.run import RunRequest


def train_run(
    order: RunRequest, run_dir: RunDir, todo: Sequence[Fold], data: TrainingData, progress: Progress
) -> None:
    """Train the folds that are not finished, and then the network on all images, if it is wanted.

    Raises:
        FerkitError: A training fails.
    """
    parts = []
    for part in parts_of(order.recipe, todo):
        if part.is_finished(run_dir):
            remove_part(run_dir, part)  # in case the process died in between
            _check(order, run_dir, part.folds)
        else:
            parts.append(part)
    if order.collects:
        collect(order, run_dir, parts, progress)
    elif order.workers and parts:
        _train_in_workers(order, run_dir, parts, progress, len(todo))
    else:
        for part in parts:
            _train_here(order, run_dir, part, data, progress, len(todo))
            _check(order, run_dir, part.folds)
    _check(order, run_dir, todo)
    if run_dir.refit.is_wanted and run_dir.refit.finished() is None:
        measure = order.measure(todo[0])
        plan = plan_refit(order.recipe, order.registry, order.candidates, todo, measure, run_dir)
        refit(plan, run_dir, data, progress)


def _check(order: RunRequest, run_dir: RunDir, folds: Sequence[Fold]) -> None:
    for fold in folds:
        check_trials(order.recipe, run_dir, fold)


def _train_here(
    order: RunRequest, run_dir: RunDir, part: Part, data: TrainingData, progress: Progress, total: int
) -> None:
    """Train a part in this process. A part that another process has begun continues in its folder."""
    if not part_path(run_dir.path, part).exists():
        train_part(order, run_dir, part, data, progress, total)
        return
    with open_part(run_dir.path, part, order.resolved) as part_dir:
        train_part(order, part_dir, part, data, progress, total)
    merge_part(order, run_dir, part, progress)


def _train_in_workers(
    order: RunRequest, run_dir: RunDir, parts: Sequence[Part], progress: Progress, total: int
) -> None:
    from ferkit.experiment.parts.driver import Driver
    from ferkit.experiment.parts.pool import open_pool

    with open_pool(order, len(parts)) as pool:
        Driver(order, run_dir, pool, progress, total).train(parts)
