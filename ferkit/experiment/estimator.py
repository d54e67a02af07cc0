"""Build the estimator of a recipe: the network of `[model]`, or the component in `[estimator]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ferkit.components.build import build
from ferkit.components.options import weights_options
from ferkit.components.registry import Registry
from ferkit.components.weights.catalogue import load_weights
from ferkit.experiment.main_process import MainEstimator
from ferkit.experiment.open_model import open_model
from ferkit.experiment.values import TrainingData, TrainingJob
from ferkit.interfaces import Estimator
from ferkit.neural.augment import Augmentation
from ferkit.neural.build import build_loss, build_model
from ferkit.neural.callbacks import build_callbacks
from ferkit.neural.checkpoint import read_header
from ferkit.neural.estimator import NeuralEstimator
from ferkit.neural.header import read_model_header
from ferkit.neural.loop import BatchReport, Parts
from ferkit.neural.optim import build_optimizer, build_scheduler
from ferkit.recipe.parts import uses_network
from ferkit.recipe.schema import Recipe
from ferkit.runtime.hub_reference import find_origin
from ferkit.runtime.processes import joined


def make_estimator(
    job: TrainingJob, data: TrainingData, state_file: Path, on_batch: Callable[[BatchReport], None]
) -> tuple[Estimator, NeuralEstimator | None]:
    """Build an estimator. Return it with the network that it is or uses, if any."""
    recipe, registry, network = job.settings.recipe, job.registry, None
    if uses_network(recipe, registry):
        network = make_network_estimator(job, data.labels, state_file, on_batch)
    if recipe.estimator is None:
        assert network
        return network, network
    context = {
        "labels": data.labels,
        "seed": job.seed,
        "crop": data.crop,
        "state_file": state_file,
        "open_model": partial(open_model, options=recipe.fit),
    }
    return build(registry, "estimator", recipe.estimator, **context, network=network), network


def make_network_estimator(
    job: TrainingJob,
    labels: Sequence[str],
    state_file: Path | None = None,
    on_batch: Callable[[BatchReport], None] | None = None,
) -> NeuralEstimator:
    """Build the estimator of [model], [loss], [augment] and [fit]."""
    recipe, registry = job.settings.recipe, job.registry
    side = recipe.model.image_size
    kind = NeuralEstimator if joined().count == 1 or joined().index else partial(MainEstimator, job=job)
    return kind(
        model=recipe.model,
        options=recipe.fit,
        labels=labels,
        seed=job.seed,
        build_network=partial(build_model, recipe.model, registry, labels),
        build_parts=partial(build_parts, recipe, registry, labels),
        augmentation=Augmentation(recipe.augment, side, registry) if recipe.augment else None,
        state_file=state_file,
        on_batch=on_batch,
    )


def build_parts(recipe: Recipe, registry: Registry, labels: Sequence[str], counts: Sequence[float]) -> Parts:
    """Build loss, optimizer, scheduler and callbacks."""
    return Parts(
        build_loss(recipe.loss, registry, labels, counts),
        partial(build_optimizer, options=recipe.fit, registry=registry),
        lambda optimizer, steps: build_scheduler(optimizer, recipe.fit, registry, steps),
        build_callbacks(recipe.callback, registry, labels),
    )


def weights_used(recipe: Recipe, registry: Registry) -> list[dict[str, Any]]:
    """Describe the pretrained weights of a recipe for summary.json, and download missing ones."""
    named = [_describe_weights(name) for name in _weights_names(recipe, registry)]
    return [*named, _describe_initial(recipe, registry)] if recipe.model.initial else named


def _describe_initial(recipe: Recipe, registry: Registry) -> dict[str, Any]:
    """Describe `model.initial` by its header: the earlier run, and the initial weights of its backbone."""
    from ferkit.runtime.disk_cache import file_sha256

    initial = recipe.model.initial
    assert initial
    known = read_header(initial).known
    began = []
    if "model" in known:
        backbone = read_model_header(known, initial).model.backbone.model_dump()
        options = weights_options(registry.get("backbone", recipe.model.backbone.name), backbone)
        began = [name for name in options.values() if name != "none"]
    run = f"an earlier run ({source})" if (source := known.get("source")) else "an earlier run"
    run += f", initialised from {', '.join(began)}" if began else ""
    run += "; only its backbone is used" if recipe.model.initial_part else ""
    return {
        "name": "model.initial",
        "file": str(find_origin(initial) or initial.name),
        "sha256": file_sha256(initial),
        "trained_on": run,
        "licence": "that of its data and weights",
    }


def _weights_names(recipe: Recipe, registry: Registry) -> Iterator[str]:
    parts = [("detector", recipe.detector)]
    if recipe.estimator:
        parts.append(("estimator", recipe.estimator))
    if uses_network(recipe, registry):
        parts += [("backbone", recipe.model.backbone), ("head", recipe.model.head)]
    for kind, part in parts:
        options = weights_options(registry.get(kind, part.name), part.options)
        yield from (name for name in options.values() if name != "none")


def _describe_weights(name: str) -> dict[str, Any]:
    from ferkit.runtime.disk_cache import file_sha256

    entry, path = load_weights(name)
    return {
        "name": name,
        "file": entry.filename,
        "sha256": file_sha256(path),
        "trained_on": entry.trained_on,
        "licence": entry.licence,
    }
