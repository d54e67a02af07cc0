"""The spine of `ferkit run`: from a checked recipe to a report, step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ferkit.assemble import build
from ferkit.data.leaks import describe_leaks
from ferkit.data.manifest import compare_manifest
from ferkit.detection_cache import DetectionCache
from ferkit.environment import describe_environment
from ferkit.errors import DataError, RecipeError
from ferkit.estimators import make_estimator, weights_used
from ferkit.evaluation import evaluate
from ferkit.faces import CropResult, crop_faces, describe_detector
from ferkit.grid import Candidate, candidates
from ferkit.interfaces import Epoch, Estimator, Face, Sample
from ferkit.loading import dump_recipe
from ferkit.metrics import score
from ferkit.metrics.calibration import fit_temperature
from ferkit.neural.estimator import NeuralEstimator
from ferkit.progress import Progress, Silence
from ferkit.protocol import Cell, cells, check_protocol
from ferkit.protocol_options import Measure
from ferkit.recipe import Recipe
from ferkit.registry import Registry
from ferkit.run_dir import PREDICTION_COLUMNS, RunDir, predictions_table
from ferkit.trial import try_network

SILENCE = Silence()


@dataclass(frozen=True)
class Order:
    """What is to be run: a checked recipe, the components, the folder, and how it was asked for."""

    recipe: Recipe
    registry: Registry
    folder: Path
    is_resumed: bool = False
    is_demo: bool = False
    notices: tuple[str, ...] = ()

    @cached_property
    def candidates(self) -> list[Candidate]:
        """What the recipe's grid stands for; none without one."""
        return candidates(self.recipe)

    def settings(self, cell: Cell) -> Candidate:
        """What a cell trains."""
        return Candidate({}, self.recipe) if cell.candidate is None else self.candidates[cell.candidate]


def run(order: Order, progress: Progress = SILENCE) -> Path:
    """Run the recipe and give the path of its report.

    Raises FerkitError. Whatever stops it, all epochs but the one under way are kept, and the same order
    with `is_resumed` goes on.
    """
    recipe = order.recipe
    samples, labels = read_samples(order)
    open_run = RunDir.resume if order.is_resumed else RunDir.create
    with open_run(order.folder, dump_recipe(recipe)) as run_dir:
        weights = weights_used(recipe, order.registry)
        crops = find_faces(recipe, order.registry, samples, progress)
        run_dir.write_manifest(crops.faces, crops.skipped)
        check_crops(crops, labels)
        difference = compare_manifest(recipe, order.registry, crops)
        used = [face.sample for face in crops.faces]
        todo = list(cells(recipe.protocol, used, len(order.candidates)))
        if any(run_dir.finished(cell) is None for cell in todo):
            run_dir.write_environment(describe_environment(recipe, order.registry))
        notices = [
            *order.notices,
            *run_dir.environment_changes(),
            *([f"Other data: {difference}"] if difference else []),
            *describe_doubles(crops.faces),
            *describe_leaks(todo, used),
        ]
        for notice in notices:
            progress.note(notice)
        for number, cell in enumerate(todo, start=1):
            if run_dir.finished(cell) is None:
                progress.begin_cell(cell, number, len(todo))
                train_cell(order, run_dir, cell, crops.faces, labels, progress)
        facts = run_dir.finished(todo[0]) or {}
        summary = summarise(order, run_dir, crops, labels, notices, weights, facts, difference)
        for notice in describe_permutation(summary["scores"]):
            progress.note(notice)
            summary["notices"].append(notice)
        run_dir.write_summary(summary)
    from ferkit.report import render

    report = render(run_dir.path)
    progress.finish(report)
    return report


def read_samples(order: Order) -> tuple[Sequence[Sample], list[str]]:
    """The data set's photographs and its labels, sorted.

    Raises DataError where these can't be evaluated, RecipeError where the network does not suit the labels:
    before a single photograph is opened.
    """
    recipe = order.recipe
    samples: Sequence[Sample] = build(order.registry, "dataset", recipe.data).samples()
    labels = sorted({sample.label for sample in samples})
    if taken := set(labels) & set(PREDICTION_COLUMNS):
        raise DataError(
            f"a class can't be called {min(taken)!r}, as a column of the predictions is; rename it"
        )
    check_protocol(recipe.protocol, samples)
    if faults := try_network(recipe, order.registry, labels):
        raise RecipeError(recipe.name, faults)
    return samples, labels


def check_crops(crops: CropResult, labels: Sequence[str]) -> None:
    """Raises DataError where all photographs of a class were skipped: the others' scores would mislead."""
    lost = sorted(set(labels) - {face.sample.label for face in crops.faces})
    if lost:
        sample, problem = next(one for one in crops.skipped if one[0].label == lost[0])
        raise DataError(
            f"every photograph of {', '.join(lost)} was skipped, e.g. {sample.path}: {problem}. Set "
            'faces.no_face to "whole_image", mend the photographs, or leave the class out of the data.'
        )


def find_faces(
    recipe: Recipe, registry: Registry, samples: Sequence[Sample], progress: Progress
) -> CropResult:
    """The photographs as crops."""
    detector = build(registry, "detector", recipe.detector)
    made_by = describe_detector(recipe.detector.name, recipe.detector.options, detector)
    cache = DetectionCache(made_by)
    return crop_faces(samples, detector, cache=cache, options=recipe.faces, progress=progress.faces)


def train_cell(
    order: Order,
    run_dir: RunDir,
    cell: Cell,
    faces: Sequence[Face],
    labels: Sequence[str],
    progress: Progress,
) -> None:
    """Fit one estimator, scoring every epoch on the images that the cell watches."""
    settings = order.settings(cell)
    watched = [faces[position] for position in cell.watched]
    truth = [face.sample.label for face in watched]
    measure: Measure = getattr(order.recipe.protocol, "choose_by", "accuracy")
    estimator: Estimator = make_estimator(
        settings.recipe, order.registry, labels, cell, run_dir.state_file(cell), progress.batch
    )
    for epoch in estimator.fit([faces[position] for position in cell.train], watched):
        scores = score(truth, epoch.probabilities, labels)
        is_best = run_dir.record_epoch(cell, epoch, scores, watched, labels, measure)
        if is_best and cell.validation is not None:
            test = [faces[position] for position in cell.test]
            keep_choice(run_dir, cell, settings, estimator, epoch, watched, test, labels)
        progress.epoch(epoch, scores)
    facts: dict[str, Any] = {"parameters": None}
    if isinstance(estimator, NeuralEstimator):
        total, trained = estimator.count_parameters()
        facts["parameters"] = {"total": total, "trained": trained}
        facts["backbone_sha256"] = estimator.began_with
        if cell.validation is None:
            estimator.save(run_dir.fold_dir(cell) / "model.safetensors")
    run_dir.finish_cell(cell, facts)


def keep_choice(
    run_dir: RunDir,
    cell: Cell,
    settings: Candidate,
    estimator: Estimator,
    epoch: Epoch,
    watched: Sequence[Face],
    test: Sequence[Face],
    labels: Sequence[str],
) -> None:
    """Keep the network of the best epoch so far, its temperature, and what it says of the test images.

    What the test images' labels are is not looked at: that happens once, when all has been chosen.
    """
    true = np.array([labels.index(face.sample.label) for face in watched])
    temperature = fit_temperature(true, epoch.probabilities)
    choice = {
        "candidate": cell.candidate,
        "settings": dict(settings.settings),
        "epoch": epoch.number,
        "temperature": temperature,
    }
    if isinstance(estimator, NeuralEstimator):
        estimator.save(run_dir.fold_dir(cell) / "model.safetensors", temperature)
    run_dir.record_choice(
        cell,
        choice,
        validation=predictions_table(watched, labels, epoch.probabilities),
        test=predictions_table(test, labels, estimator.predict(test)),
    )


def describe_doubles(faces: Sequence[Face]) -> list[str]:
    """A notice where photographs are byte for byte the same, so that one may test what another trained."""
    count = sum(number - 1 for number in Counter(face.sha256 for face in faces).values())
    if not count:
        return []
    verb = "photograph is a byte-for-byte copy" if count == 1 else "photographs are byte-for-byte copies"
    return [f"{count} {verb} of another; copies may stand on both sides of a split"]


def describe_permutation(scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A notice where the predictions are right under other names than their own."""
    for one in scores.values():
        if permuted := one.get("permuted"):
            names = ", ".join(f"{said} for {meant}" for said, meant in permuted.items())
            return [f"The labels seem to be mixed up: the predictions fit far better if one takes {names}"]
    return []


def summarise(
    order: Order,
    run_dir: RunDir,
    crops: CropResult,
    labels: Sequence[str],
    notices: Sequence[str],
    weights: Sequence[dict[str, Any]],
    facts: dict[str, Any],
    difference: str | None,
) -> dict[str, Any]:
    """What `summary.json` holds."""
    recipe, faces = order.recipe, crops.faces
    found = sum(face.box is not None for face in faces)
    return {
        "name": recipe.name,
        "description": recipe.description,
        "demo": order.is_demo,
        "status": "complete",
        "labels": list(labels),
        "notices": list(notices),
        "paper": recipe.paper.as_printed() if recipe.paper else None,
        "data": {
            "name": recipe.data.name,
            "manifest": recipe.manifest and {"file": recipe.manifest.file, "difference": difference},
            "images": len(faces) + len(crops.skipped),
            "faces_found": found,
            "whole_images": len(faces) - found,
            "skipped": [{"path": str(s.path), "problem": problem} for s, problem in crops.skipped],
            "per_class": dict(sorted(Counter(face.sample.label for face in faces).items())),
        },
        "protocol": recipe.protocol.model_dump(),
        "scores": evaluate(run_dir.path, recipe.protocol.model_dump(), labels),
        "parameters": facts.get("parameters"),
        "weights": list(weights),
        "backbone_sha256": facts.get("backbone_sha256"),
        "seconds": run_dir.training_seconds(),
    }
