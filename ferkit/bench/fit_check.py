"""`ferkit fit-check`: batch sizes and learning rates that suit a recipe."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ferkit.bench.batch_probe import BatchProbe, probe_batch_sizes, without_schedule
from ferkit.components.registry import Registry
from ferkit.errors import RunError
from ferkit.evaluation.protocol import folds, settle_protocol
from ferkit.experiment.estimator import make_network_estimator
from ferkit.experiment.run import RunRequest, check_crops, find_crops, read_samples
from ferkit.experiment.values import TrainingJob
from ferkit.interfaces import Face
from ferkit.neural.device import make_accelerator
from ferkit.neural.estimator import NeuralEstimator
from ferkit.neural.lr_range import LrRange, find_lr_range
from ferkit.recipe.grid import Candidate
from ferkit.recipe.parts import uses_network
from ferkit.recipe.schema import Recipe
from ferkit.report.figures.figure import BLUE, VERMILION, blank_figure, keep_picture
from ferkit.runtime.atomic_write import write_text


@dataclass(frozen=True, slots=True)
class FitOptions:
    """Options of `ferkit fit-check`.

    Attributes:
        low: First learning rate.
        high: Last learning rate.
        steps: Number of steps of the learning rate range test. 0 leaves it out.
        largest: Largest batch size to try. 0 leaves the probe out.
        limit: Memory in bytes that the probe may use on a CPU.
    """

    low: float
    high: float
    steps: int
    largest: int
    limit: int

    @property
    def rates(self) -> list[float]:
        """The learning rate of each step: a geometric sequence."""
        found: list[float] = np.geomspace(self.low, self.high, self.steps).tolist()
        return found


@dataclass(frozen=True, slots=True)
class FitCheck:
    """The result.

    Attributes:
        device: Device of the training.
        faces: Number of training faces.
        batches: Result of the batch size probe, if any.
        rates: Result of the learning rate range test, if any.
    """

    device: str
    faces: int
    batches: BatchProbe | None
    rates: LrRange | None


def fit_check(
    recipe: Recipe, registry: Registry, options: FitOptions, say: Callable[[str], object] = lambda _: None
) -> FitCheck:
    """Probe the batch size and the learning rate on the training images of the first fold.

    Args:
        recipe: A checked recipe.
        registry: The installed components.
        options: What to try.
        say: Called with the current step.

    Raises:
        RunError: The recipe trains no network.
    """
    if not uses_network(recipe, registry):
        raise RunError(
            f"Cannot check the training of {recipe.name}: its estimator uses no network, so it has no "
            "learning rate. Use a recipe with [model]."
        )
    say("finding faces")
    train, estimator = _first_fold(recipe, registry)
    labels = estimator.labels
    probed = ranged = None
    if options.largest:
        build = partial(estimator.start_training, train, without_schedule)
        sizes = (recipe.model.image_size, len(labels), options.largest, options.limit)
        probed = probe_batch_sizes(build, *sizes, lambda size: say(f"batch size {size}"))
    if options.steps:
        ranged = find_lr_range(estimator, train, options.rates, lambda done: say(f"range test: {done} steps"))
    device = make_accelerator(recipe.fit).device.type
    return FitCheck(device, len(train), probed, ranged)


def _first_fold(recipe: Recipe, registry: Registry) -> tuple[list[Face], NeuralEstimator]:
    order = RunRequest(recipe, registry, Path())
    samples, labels, _ = read_samples(order)
    crops = find_crops(recipe, registry, samples)
    check_crops(crops, labels)
    protocol = settle_protocol(recipe.protocol, samples)
    fold = next(folds(protocol, [face.sample for face in crops.faces]))
    job = TrainingJob(Candidate({}, recipe), registry, fold, "accuracy")
    estimator = make_network_estimator(job, labels)
    return [crops.faces[place] for place in fold.train], estimator


def write_curve(folder: Path, found: LrRange) -> list[Path]:
    """Write lr_range.csv and lr_range.png. Raises RunError if they cannot be written."""
    buffer = io.StringIO()
    rows = [(f"{one.lr:.9g}", f"{one.loss:.9g}", f"{one.smoothed:.9g}") for one in found.steps]
    csv.writer(buffer, lineterminator="\n").writerows([("lr", "loss", "smoothed_loss"), *rows])
    table, picture = folder / "lr_range.csv", folder / "lr_range.png"
    write_text(table, buffer.getvalue())
    figure = blank_figure(3.6)
    axes = figure.add_subplot()
    rates = [one.lr for one in found.steps]
    axes.plot(rates, [one.loss for one in found.steps], color=BLUE, linewidth=0.7, alpha=0.5, label="loss")
    axes.plot(rates, [one.smoothed for one in found.steps], color=BLUE, linewidth=2.2, label="smoothed loss")
    if found.steepest:
        axes.axvline(found.steepest, color=VERMILION, label=f"steepest descent: {found.steepest:.1e}")
    axes.set(xscale="log", xlabel="learning rate (fit.optimizer.lr)", ylabel="loss", title="Range test")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    keep_picture(picture, figure, "")
    return [table, picture]


def thinned(found: LrRange, rows: int = 12) -> Sequence[tuple[str, str, str]]:
    """Return (rate, loss, smoothed loss) of evenly spaced steps, with the last one."""
    places = np.unique(np.linspace(0, len(found.steps) - 1, min(rows, len(found.steps))).round().astype(int))
    return [
        (f"{one.lr:.1e}", f"{one.loss:.3f}", f"{one.smoothed:.3f}")
        for one in (found.steps[place] for place in places)
    ]
