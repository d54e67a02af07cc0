"""Move trainings between a run folder and the folders of its parts.

Each step can be repeated. If the process dies in between, the next start does all steps again, from a part
that is complete until the end.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferkit.errors import RunError
from ferkit.evaluation.protocol import Fold
from ferkit.evaluation.protocol_options import Measure
from ferkit.evaluation.run_files import PARTS
from ferkit.experiment.epoch_rows import is_of_training
from ferkit.experiment.parts.part import Part
from ferkit.experiment.progress import Progress
from ferkit.experiment.run_dir import RunDir
from ferkit.runtime.atomic_write import run_file
from ferkit.runtime.file_system import is_local

if TYPE_CHECKING:
    from ferkit.experiment.run import RunRequest

FINISHED, CHOICE = "finished.json", "choice.json"
WAIT_LOCAL = 5.0
"""Seconds to wait for a process of this machine that is just ending."""
WAIT = 120.0
"""Seconds to wait on any other file system. NFS keeps the lock of a lost node for 90 seconds."""


def part_path(run: Path, part: Part) -> Path:
    """Return the folder of a part."""
    return run / PARTS / part.name


def open_part(run: Path, part: Part, recipe: str) -> RunDir:
    """Open the folder of a part, or create it. Raises RunError if another process trains the part.

    Args:
        run: The run folder.
        part: The part.
        recipe: The resolved recipe, as in the run folder.
    """
    path = part_path(run, part)
    if (path / "recipe.toml").exists():
        return RunDir.resume(path, recipe, WAIT_LOCAL if is_local(path) else WAIT)
    return RunDir.create(path, recipe)


def lend(run_dir: RunDir, part: Part) -> None:
    """Copy the unfinished trainings of an earlier start without parts, so that they continue in the part."""
    target = part_path(run_dir.path, part)
    begun = [fold for fold in part.folds if run_dir.training_dir(fold).exists()]
    if target.exists() or not begun:
        return
    draft = RunDir(target.with_name(f".{part.name}"))
    shutil.rmtree(draft.path, ignore_errors=True)
    for fold in begun:
        shutil.copytree(run_dir.training_dir(fold), draft.training_dir(fold), dirs_exist_ok=True)
    if run_dir.choice(part.folds[0]).get("candidate", "") in _candidates(part):
        first = part.folds[0]
        shutil.copytree(run_dir.fold_dir(first), draft.fold_dir(first), dirs_exist_ok=True)
    draft.write_rows(_rows(run_dir, part))
    shutil.copyfile(run_dir.path / "recipe.toml", draft.path / "recipe.toml")
    draft.path.rename(target)


def absorb(run_dir: RunDir, part: Part, part_dir: RunDir, measure: Measure) -> None:
    """Copy the finished trainings of a part into the run.

    The run gets what it would have if one process had trained everything in order: of several candidates,
    the choice is the best epoch, and the first of equal ones.

    Raises:
        RunError: The part was trained on other images than the run.
    """
    _check_manifests(run_dir, part_dir)
    for environment in part_dir.environments():
        run_dir.write_environment(environment)
    first = part.folds[0]
    for fold in part.folds:
        _copy(part_dir.training_dir(fold), run_dir.training_dir(fold))
    if first.candidate is not None and _is_better(run_dir, part, part_dir, measure):
        _copy(part_dir.fold_dir(first), run_dir.fold_dir(first))
    others = [row for row in run_dir.rows() if not any(is_of_training(row, fold) for fold in part.folds)]
    run_dir.write_rows([*others, *_rows(part_dir, part)])
    for fold in part.folds:
        _copy_file(part_dir.training_dir(fold) / FINISHED, run_dir.training_dir(fold) / FINISHED)
        run_dir.finished(fold)  # removes a state that was lent


def merge_part(order: RunRequest, run_dir: RunDir, part: Part, progress: Progress) -> None:
    """Merge a finished part into the run, and remove its folder.

    Raises:
        RunError: Another process uses the part, or it was trained on other images than the run.
    """
    with open_part(run_dir.path, part, order.resolved) as part_dir:
        trainings = [(fold, part_dir.rows(fold)) for fold in part.folds]
        progress.end_part(part.name, part_dir.path, trainings)
        absorb(run_dir, part, part_dir, order.measure(part.folds[0]))
    remove_part(run_dir, part)


def remove_part(run_dir: RunDir, part: Part) -> None:
    """Remove the folder of a merged part, and that of all parts if it has no other part."""
    shutil.rmtree(part_path(run_dir.path, part), ignore_errors=True)
    folder = run_dir.path / PARTS
    # A command that is killed while it checks the storage of a cluster leaves a hidden file.
    if folder.exists() and all(one.name.startswith(".") and one.is_file() for one in folder.iterdir()):
        shutil.rmtree(folder)


def lend_manifests(run: Path, part_dir: RunDir) -> None:
    """Copy the run's lists of images, against which the part compares its own images."""
    for file in run.glob("manifest*.csv"):
        _copy_file(file, part_dir.path / file.name)


def _check_manifests(run_dir: RunDir, part_dir: RunDir) -> None:
    for file in run_dir.path.glob("manifest*.csv"):
        own = part_dir.path / file.name
        if own.exists() and own.read_bytes() != file.read_bytes():
            raise RunError(
                f"Cannot merge {part_dir.path}: its images or boxes differ from {file}. Delete the folder to "
                "train this part again, on the images of the run."
            )


def _candidates(part: Part) -> set[int | None]:
    return {fold.candidate for fold in part.folds}


def _rows(run_dir: RunDir, part: Part) -> list[dict[str, Any]]:
    return [row for fold in part.folds for row in run_dir.rows(fold)]


def _is_better(run_dir: RunDir, part: Part, part_dir: RunDir, measure: Measure) -> bool:
    """Return True if the part's choice replaces that of the run."""
    first = part.folds[0]
    ours, theirs = part_dir.choice(first), run_dir.choice(first)
    if not ours:
        return False
    if not theirs or theirs["candidate"] in _candidates(part):
        return True
    one, other = _merit(part_dir, first, ours, measure), _merit(run_dir, first, theirs, measure)
    return one > other or (one == other and ours["candidate"] < theirs["candidate"])


def _merit(run_dir: RunDir, fold: Fold, choice: dict[str, Any], measure: Measure) -> tuple[float, float]:
    """Return the merit of the epoch that a fold has chosen."""
    place = (fold.repeat, fold.index, choice["candidate"], choice["epoch"])
    for one in run_dir.epoch_scores():
        if (one.repeat, one.fold, one.candidate, one.epoch) == place:
            return one.merit(measure)
    return -inf, -inf


def _copy(source: Path, target: Path) -> None:
    """Copy the files of a folder, without the marker of a finished training. The choice comes last."""
    files = [file for file in source.rglob("*") if file.is_file() and file.name != FINISHED]
    for file in _choice_last(files):
        _copy_file(file, target / file.relative_to(source))


def _choice_last(files: Iterable[Path]) -> list[Path]:
    return sorted(files, key=lambda file: (file.name == CHOICE, file))


def _copy_file(source: Path, target: Path) -> None:
    with run_file(target) as draft:
        shutil.copyfile(source, draft)
