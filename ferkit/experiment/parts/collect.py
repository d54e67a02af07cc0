"""Merge the parts that jobs of a cluster have trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ferkit.errors import RunError
from ferkit.evaluation.run_files import PARTS
from ferkit.experiment.parts.merge import merge_part, part_path
from ferkit.experiment.parts.part import Part
from ferkit.experiment.progress import Progress
from ferkit.experiment.run_dir import RunDir
from ferkit.messages import count_of, quote

if TYPE_CHECKING:
    from ferkit.experiment.run import RunRequest

SHOWN = 20
"""Largest number of missing parts in a message."""


def open_for_parts(order: RunRequest) -> RunDir:
    """Open the folder of a run whose parts other processes train. Raises RunError if there is none."""
    if (order.folder / "recipe.toml").exists():
        return RunDir.resume(order.folder, order.resolved)
    if not (order.folder / PARTS).is_dir():
        raise RunError(
            f"Cannot collect {order.folder}: it has no trained folds. Train them first: ferkit run RECIPE "
            f"--out {quote(order.folder)} --fold 0"
        )
    return RunDir.create(order.folder, order.resolved, keeps_parts=True)


def collect(order: RunRequest, run_dir: RunDir, parts: Sequence[Part], progress: Progress) -> None:
    """Merge all finished parts.

    Args:
        order: The run.
        run_dir: The run folder.
        parts: The parts that are not merged yet.
        progress: Receives what happens.

    Raises:
        RunError: Parts are missing. The others are merged.
    """
    missing = []
    for part in parts:
        own = RunDir(part_path(run_dir.path, part))
        if part.is_finished(own):
            merge_part(order, run_dir, part, progress)
        else:
            rows = own.rows() or [row for fold in part.folds for row in run_dir.rows(fold)]
            done = f"{count_of(len(rows), 'epoch')} so far" if rows else "not started"
            first = part.folds[0]
            missing.append(f"  {part.title} (--repeat {first.repeat} --fold {first.index}): {done}")
    if missing:
        more = [f"  and {len(missing) - SHOWN} more"] if len(missing) > SHOWN else []
        lines = "\n".join([*missing[:SHOWN], *more])
        raise RunError(
            f"Cannot complete {run_dir.path}: {count_of(len(missing), 'training')} missing.\n{lines}\n"
            "Train each with its options, or all of them here: replace --collect by --resume."
        )
