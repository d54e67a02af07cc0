"""The summary of a run, and warnings for its reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.components.registry import Registry
from ferkit.evaluation.metrics.calibration import TEMPERATURES
from ferkit.evaluation.protocol import Fold
from ferkit.evaluation.run_files import read_metrics
from ferkit.evaluation.scores import evaluate
from ferkit.evaluation.summary import DataSummary, RefitSummary, Score, Summary
from ferkit.experiment.run_dir import RunDir
from ferkit.experiment.values import RunInputs
from ferkit.interfaces import Face
from ferkit.recipe.parts import NETWORK_SECTIONS, uses_network
from ferkit.recipe.schema import Recipe


def describe_doubles(faces: Sequence[Face]) -> list[str]:
    """Return a warning about byte-for-byte duplicates, which can be in training and test images."""
    count = sum(number - 1 for number in Counter(face.sha256 for face in faces).values())
    if not count:
        return []
    verb = "image is a byte-for-byte duplicate" if count == 1 else "images are byte-for-byte duplicates"
    hint = 'drop them with --set faces.duplicates="drop"'
    return [f"{count} {verb} of another; duplicates may be in both training and test images ({hint})"]


def describe_idle(recipe: Recipe, registry: Registry) -> list[str]:
    """Return a warning about sections for a network that the estimator does not use."""
    if recipe.estimator is None:
        return []
    name = recipe.estimator.name
    used: Sequence[str] = ()
    if uses_network(recipe, registry):
        used = getattr(registry.get("estimator", name).load(), "sections", NETWORK_SECTIONS)
    idle = [f"[{one}]" for one in NETWORK_SECTIONS if one in recipe.model_fields_set and one not in used]
    return [f"The estimator {name!r} does not use {', '.join(idle)} of the recipe"] if idle else []


def describe_unused(folds: Sequence[Fold], images: int) -> list[str]:
    """Return a warning about images that are in no split of any fold."""
    used: set[int] = set()
    for fold in folds:
        for part in (fold.train, fold.validation, fold.test):
            used.update(() if part is None else part.tolist())
    left = images - len(used)
    return [f"{left} of {images} images are in no split and were not used"] if left else []


def describe_temperatures(scores: Mapping[str, Score]) -> list[str]:
    """Return a warning about temperatures at the edge of the range, which are no estimates."""
    low, high = TEMPERATURES
    found = [
        choice["temperature"] for one in scores.values() for run in one.get("choices", []) for choice in run
    ]
    edges = sum(not low * 1.01 < one < high * 0.99 for one in found)
    if not edges:
        return []
    return [
        f"{edges} of {len(found)} temperatures are at the edge of the range ({low} to {high}): their "
        "validation images do not determine how confident the predictions should be"
    ]


def describe_training(metrics: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the warnings of estimators, with the first epoch and the number of others."""
    first: dict[str, list[str]] = {}
    for row in metrics:
        candidate = f", candidate {row['candidate'] + 1}" if row.get("candidate") is not None else ""
        where = f"repeat {row['repeat'] + 1}, fold {row['fold'] + 1}{candidate}, epoch {row['epoch']}"
        for warning in row.get("warnings", ()):
            first.setdefault(warning, []).append(where)
    return [
        f"{warning} ({places[0]}" + (f", and {len(places) - 1} more)" if len(places) > 1 else ")")
        for warning, places in first.items()
    ]


def describe_permutation(scores: Mapping[str, Score]) -> list[str]:
    """Return a warning about predictions that match the labels in another order."""
    for one in scores.values():
        if permuted := one.get("permuted"):
            names = ", ".join(f"{said} for {meant}" for said, meant in permuted.items())
            return [f"The labels may be in a wrong order: the predictions match far better with {names}"]
    return []


def summarise(recipe: Recipe, run_dir: RunDir, inputs: RunInputs, network: Mapping[str, Any]) -> Summary:
    """Return the summary of a run whose folds are finished. `network` has its size and initial hash."""
    protocol = recipe.protocol.model_dump()
    scores = evaluate(run_dir.path, protocol, inputs.labels)
    warnings = [
        *inputs.warnings,
        *describe_training(read_metrics(run_dir.path)),
        *describe_permutation(scores),
        *describe_temperatures(scores),
    ]
    refit = run_dir.refit.finished()
    return Summary(
        name=recipe.name,
        description=recipe.description,
        demo=inputs.is_demo,
        status="complete",
        labels=tuple(inputs.labels),
        warnings=tuple(warnings),
        paper=recipe.paper.as_printed() if recipe.paper else None,
        data=_describe_data(recipe, inputs),
        protocol=protocol,
        scores=scores,
        parameters=network.get("parameters"),
        weights=tuple(inputs.weights),
        backbone_sha256=network.get("backbone_sha256"),
        seconds=run_dir.training_seconds(),
        refit=RefitSummary(**refit) if refit else None,
    )


def _describe_data(recipe: Recipe, inputs: RunInputs) -> DataSummary:
    faces, skipped = inputs.crops.faces, inputs.crops.skipped
    found = sum(face.box is not None for face in faces)
    return DataSummary(
        name=recipe.data.name,
        manifest={"file": recipe.manifest.file, "difference": inputs.difference} if recipe.manifest else None,
        images=len(faces) + len(skipped),
        faces_found=found,
        whole_images=len(faces) - found,
        skipped=tuple({"path": str(s.path), "problem": problem} for s, problem in skipped),
        per_class=dict(sorted(Counter(face.sample.label for face in faces).items())),
        left_out=inputs.left_out,
    )
