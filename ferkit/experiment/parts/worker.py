"""The work of a process that trains parts of a run. The run folder on disk is its only connection to it."""

from __future__ import annotations

import json
import pickle
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ferkit.components.discovery import load_plugins
from ferkit.components.plugin_failure import find_culprit
from ferkit.data.crops import CropResult
from ferkit.data.samples import samples_of
from ferkit.errors import FerkitError
from ferkit.evaluation.protocol import Fold, folds
from ferkit.experiment.environment import describe_environment
from ferkit.experiment.extra_data import OtherData
from ferkit.experiment.parts.merge import lend_manifests, open_part
from ferkit.experiment.parts.part import Part, parts_of
from ferkit.experiment.parts.train_part import train_part
from ferkit.experiment.progress import NullProgress, Progress
from ferkit.experiment.run import RunRequest, find_crops
from ferkit.experiment.values import TrainingData

NOTES = "notes.jsonl"
"""File of a part with its warnings, one a line, for the driver."""


@dataclass(frozen=True, slots=True)
class PartJob:
    """A part to train, as it is sent to another process.

    Attributes:
        recipe: The checked recipe, pickled. A TOML file does not record which sections were given.
        folder: The run folder, as an absolute path.
        name: Name of the part.
    """

    recipe: bytes
    folder: Path
    name: str


@dataclass(frozen=True, eq=False)
class LoadedRun:
    """A run with its images.

    Attributes:
        order: The run.
        crops: The faces.
        labels: The labels, sorted.
        folds: All trainings.
    """

    order: RunRequest
    crops: CropResult
    labels: Sequence[str]
    folds: Sequence[Fold]


class NotesProgress(NullProgress):
    """Progress that keeps warnings in a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def note(self, text: str) -> None:
        with self.file.open("a", encoding="utf-8") as notes:
            notes.write(json.dumps(text) + "\n")


def train_in_worker(job: PartJob) -> str | None:
    """Train a part in this process. Return the message of an error, or None."""
    try:
        run = load_run(job.recipe, job.folder)
        part = next(one for one in parts_of(run.order.recipe, run.folds) if one.name == job.name)
        train_loaded(run, part)
    except FerkitError as error:
        return str(error)
    except Exception as error:
        if failure := find_culprit(error, load_plugins(pickle.loads(job.recipe).plugins)):
            return str(failure)
        raise RuntimeError(traceback.format_exc()) from None  # any other exception might not be picklable
    return None


@lru_cache(maxsize=1)
def load_run(recipe: bytes, folder: Path) -> LoadedRun:
    """Read the images of a run. A process that trains several parts reads them once."""
    checked = pickle.loads(recipe)
    registry = load_plugins(checked.plugins)
    order = RunRequest(checked, registry, folder)
    samples, _ = samples_of(registry, checked.data)
    crops = find_crops(checked, registry, samples)
    todo = list(folds(checked.protocol, [face.sample for face in crops.faces], order.trials))
    return LoadedRun(order, crops, sorted({sample.label for sample in samples}), todo)


def train_loaded(run: LoadedRun, part: Part, progress: Progress | None = None) -> None:
    """Train a part in its folder, or continue it.

    Raises:
        RunError: Another process trains the part, or the images differ from those of the run.
        FerkitError: A training fails.
    """
    order, crops = run.order, run.crops
    with open_part(order.folder, part, order.resolved) as part_dir:
        lend_manifests(order.folder, part_dir)
        part_dir.write_manifest(crops.faces, crops.skipped)
        part_dir.write_environment(describe_environment(order.recipe, order.registry))
        own = progress or NotesProgress(part_dir.path / NOTES)
        others = OtherData(order.recipe, order.registry, part_dir, own)
        data = TrainingData(crops.faces, run.labels, others)
        train_part(order, part_dir, part, data, own, len(run.folds))
