"""The steps of `ferkit run`, from a checked recipe to a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ferkit.components.registry import Registry
from ferkit.data.crops import CropResult
from ferkit.data.faces import find_faces
from ferkit.data.manifest import compare_manifest
from ferkit.data.samples import describe_left_out, samples_of
from ferkit.errors import DataError, RecipeError
from ferkit.evaluation.leakage import describe_leaks
from ferkit.evaluation.protocol import Fold, check_protocol, folds, settle_protocol
from ferkit.evaluation.protocol_options import Measure, Protocol
from ferkit.evaluation.run_files import PARTS, read_settings
from ferkit.experiment.environment import describe_environment
from ferkit.experiment.estimator import weights_used
from ferkit.experiment.extra_data import OtherData
from ferkit.experiment.near_groups import add_near_groups, groups_by_near_duplicates, write_split
from ferkit.experiment.parts.collect import open_for_parts
from ferkit.experiment.progress import NullProgress, Progress
from ferkit.experiment.refit import check_refit
from ferkit.experiment.run_dir import PREDICTION_COLUMNS, RunDir
from ferkit.experiment.search import describe_search
from ferkit.experiment.summary import describe_doubles, describe_idle, describe_unused, summarise
from ferkit.experiment.track import tracked
from ferkit.experiment.train_run import train_run
from ferkit.experiment.values import RunInputs, TrainingData
from ferkit.interfaces import Sample
from ferkit.neural.init_from import describe_start
from ferkit.recipe.check import normalize_warnings
from ferkit.recipe.dry_run import try_network
from ferkit.recipe.grid import Candidate, candidates, with_settings
from ferkit.recipe.parse import dump_recipe
from ferkit.recipe.parts import uses_network
from ferkit.recipe.schema import Recipe
from ferkit.runtime.processes import refuse_several_processes
from ferkit.runtime.workers import Workers

NO_PROGRESS = NullProgress()


@dataclass(frozen=True)
class RunRequest:
    """A request for a run.

    Attributes:
        recipe: A checked recipe.
        registry: The installed components.
        folder: Run folder.
        is_resumed: Resume the run in the folder.
        is_demo: Generated faces replace the data.
        has_refit: After the folds, train one network on all images.
        warnings: Warnings for the reader of the results.
        workers: Processes that train the folds. None: this process trains them.
        collects: Train nothing, and merge the folds that other processes have trained.
    """

    recipe: Recipe
    registry: Registry
    folder: Path
    is_resumed: bool = False
    is_demo: bool = False
    has_refit: bool = False
    warnings: tuple[str, ...] = ()
    workers: Workers | None = None
    collects: bool = False

    @cached_property
    def candidates(self) -> list[Candidate]:
        """The candidates of the grid, or none."""
        return candidates(self.recipe)

    def measure(self, fold: Fold) -> Measure:
        """Return the measure that selects the epoch. It is accuracy if test images are monitored."""
        chosen: Measure = getattr(self.recipe.protocol, "choose_by", "accuracy")
        return "accuracy" if fold.validation is None else chosen

    @cached_property
    def resolved(self) -> str:
        """The recipe that the run folder records."""
        return dump_recipe(self.recipe.model_copy(update={"track": None, "protocols": None}), self.registry)

    @property
    def trials(self) -> int:
        """Number of trainings of each fold. 0 without a grid or a search."""
        return self.recipe.search.trials if self.recipe.search else len(self.candidates)

    def settings(self, fold: Fold, folder: Path | None = None) -> Candidate:
        """Return the recipe that a fold trains. A trial of a search has proposed its settings before.

        Args:
            fold: The fold.
            folder: The folder with the settings of trials. Default: the run folder.
        """
        if self.recipe.search and fold.candidate is not None:
            return with_settings(self.recipe, read_settings(folder or self.folder, fold.name))
        return Candidate({}, self.recipe) if fold.candidate is None else self.candidates[fold.candidate]


def run(order: RunRequest, progress: Progress = NO_PROGRESS) -> Path:
    """Run a recipe.

    If the run is interrupted, all complete epochs are kept. The same request with `is_resumed` continues it.

    Returns:
        The path of the report.

    Raises:
        FerkitError: A step fails.
    """
    refuse_several_processes()
    if order.has_refit:
        check_refit(order.recipe)
    with tracked(order, progress) as reported:
        return _run(order, reported)


def _run(order: RunRequest, progress: Progress) -> Path:
    samples, labels, left_out = read_samples(order)
    order = settle(order, samples)
    recipe, registry = order.recipe, order.registry
    with _open(order) as run_dir:
        if order.has_refit:
            run_dir.refit.request()
        weights = weights_used(recipe, registry)
        crops = find_crops(recipe, registry, samples, progress.faces)
        run_dir.write_manifest(crops.faces, crops.skipped)
        check_crops(crops, labels)
        others = OtherData(recipe, registry, run_dir, progress)
        others.find()
        difference = find_difference(order, crops)
        todo = list(folds(recipe.protocol, [face.sample for face in crops.faces], order.trials))
        if groups_by_near_duplicates(recipe.protocol):
            write_split(run_dir.path, todo, crops.faces)
        if not (order.workers or order.collects or _is_trained(run_dir, todo)):  # parts record their own
            run_dir.write_environment(describe_environment(recipe, registry))
        warnings = describe_left_out(left_out, len(samples))
        warnings += [*find_warnings(order, run_dir, crops, todo, difference), *others.warnings(crops.faces)]
        for warning in warnings:
            progress.note(warning)
        train_run(order, run_dir, todo, TrainingData(crops.faces, labels, others), progress)
        warnings += _find_changes(run_dir, warnings, progress)
        inputs = RunInputs(labels, crops, left_out, difference, weights, warnings, order.is_demo)
        summary = summarise(recipe, run_dir, inputs, chosen_facts(run_dir, todo))
        for warning in summary.warnings[len(warnings) :]:
            progress.note(warning)
        if recipe.search:
            found = describe_search(recipe, run_dir, todo, order.measure(todo[0]))
            summary = summary.model_copy(update={"search": found})
        run_dir.write_summary(summary)
    from ferkit.report import render

    report = render(run_dir.path)
    progress.finish(report)
    return report


def _find_changes(run_dir: RunDir, known: Sequence[str], progress: Progress) -> list[str]:
    """Return and report the differences between the machines of the parts."""
    found = [one for one in run_dir.environment_changes() if one not in known]
    for warning in found:
        progress.note(warning)
    return found


def _open(order: RunRequest) -> RunDir:
    """Open the run folder."""
    if order.collects or (order.is_resumed and (order.folder / PARTS).is_dir()):
        return open_for_parts(order)
    return (RunDir.resume if order.is_resumed else RunDir.create)(order.folder, order.resolved)


def find_crops(
    recipe: Recipe,
    registry: Registry,
    samples: Sequence[Sample],
    on_progress: Callable[[int, int], None] | None = None,
) -> CropResult:
    """Find the faces, with the groups that the protocol derives from them. Raises DataError."""
    crops = find_faces(recipe.detector, recipe.faces, registry, samples, on_progress)
    is_derived = groups_by_near_duplicates(recipe.protocol)
    return add_near_groups(recipe, registry, crops) if is_derived else crops


def settle(order: RunRequest, samples: Sequence[Sample]) -> RunRequest:
    """Adapt the default protocol to the samples."""
    protocol = settle_protocol(order.recipe.protocol, samples)
    return replace(order, recipe=order.recipe.model_copy(update={"protocol": protocol}))


def _is_trained(run_dir: RunDir, todo: Sequence[Fold]) -> bool:
    """Return True if nothing is left to train."""
    is_refit_done = not run_dir.refit.is_wanted or run_dir.refit.finished() is not None
    return is_refit_done and all(run_dir.finished(fold) is not None for fold in todo)


def chosen_facts(run_dir: RunDir, todo: Sequence[Fold]) -> dict[str, Any]:
    """Return size and initial hash of the first fold's network, of the selected candidate with a grid."""
    chosen = run_dir.choice(todo[0]).get("candidate")
    fold = next(one for one in todo if one.candidate in (chosen, None) or chosen is None)
    return run_dir.finished(fold) or {}


def find_difference(order: RunRequest, crops: CropResult) -> str | None:
    """Return the difference between the images and the manifest. None without a difference or a manifest."""
    manifest = order.recipe.manifest
    return compare_manifest(manifest, order.recipe.data, order.registry, crops) if manifest else None


def find_warnings(
    order: RunRequest, run_dir: RunDir, crops: CropResult, todo: Sequence[Fold], difference: str | None
) -> list[str]:
    """Return the warnings for the reader of the results, before the training."""
    return [
        *order.warnings,
        *describe_idle(order.recipe, order.registry),
        *normalize_warnings(order.recipe, order.registry),
        *run_dir.environment_changes(),
        *([f"Other data: {difference}"] if difference else []),
        *crops.warnings,
        *_start_warnings(order, crops, todo),
        *describe_doubles(crops.faces),
        *describe_leaks(todo, [face.sample for face in crops.faces]),
        *describe_unused(todo, len(crops.faces)),
    ]


def _start_warnings(order: RunRequest, crops: CropResult, todo: Sequence[Fold]) -> list[str]:
    recipe = order.recipe
    if not recipe.model.initial or not uses_network(recipe, order.registry):
        return []
    judged = {place for fold in todo for part in (fold.test, fold.monitored) for place in part}
    return describe_start(recipe.model.initial, [crops.faces[place] for place in sorted(judged)])


def read_samples(order: RunRequest) -> tuple[Sequence[Sample], list[str], dict[str, int]]:
    """Read the samples, before any image is opened.

    Returns:
        (samples, sorted labels, reason to number of excluded images).

    Raises:
        DataError: The protocol cannot use the samples, or a label is not allowed.
        RecipeError: The network does not suit the labels.
    """
    recipe = order.recipe
    samples, left_out = samples_of(order.registry, recipe.data)
    labels = sorted({sample.label for sample in samples})
    if taken := set(labels) & set(PREDICTION_COLUMNS):
        raise DataError(
            f"a class can't be called {min(taken)!r}, which is a column of the predictions. Rename it."
        )
    check_folds(recipe.protocol, samples)  # before any image is opened
    has_soft_targets = any(sample.soft_target for sample in samples)
    if problems := try_network(recipe, order.registry, labels, has_soft_targets):
        raise RecipeError(recipe.name, problems)
    return samples, labels, left_out


def check_folds(protocol: Protocol, samples: Sequence[Sample]) -> None:
    """Raise DataError if the samples have no folds of the protocol. Derived groups are not known yet."""
    if groups_by_near_duplicates(protocol):
        check_protocol(protocol, samples)
        return
    if settle_protocol(protocol, samples) is protocol:  # else its folds were tried
        list(folds(protocol, samples))


def check_crops(crops: CropResult, labels: Sequence[str]) -> None:
    """Raise DataError if all images of a class were skipped. The scores would be misleading."""
    lost = sorted(set(labels) - {face.sample.label for face in crops.faces})
    if lost:
        sample, problem = next(one for one in crops.skipped if one[0].label == lost[0])
        raise DataError(
            f"every image of {', '.join(lost)} was skipped, e.g. {sample.path}: {problem}. Set "
            'faces.no_face to "whole_image", fix the images, or remove the class from the data.'
        )
