"""A recipe's `[model]` -> backbone, head and output, wired. Nothing here trains, so it is quick to import."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ferkit.agreement import agree_on_logits, agree_on_maps
from ferkit.assemble import build
from ferkit.neural.network import Network, assemble_network
from ferkit.neural.starting import start_from
from ferkit.options import without_weights
from ferkit.recipe import Model, Part
from ferkit.registry import Registry


def build_model(
    model: Model, registry: Registry, labels: Sequence[str], class_counts: Sequence[float] | None = None
) -> Network:
    """A network whose parts are held to the contract whenever it is called.

    class_counts: of the images that it will be trained on; left out where its tensors come from a file.
    Raises ComponentError, WeightsError, and RunError where `initial` is of another network.
    """
    network = wire_model(model, registry, labels, class_counts)
    agree_on_maps(network.backbone, registry.get("backbone", model.backbone.name))
    agree_on_logits(network.head, registry.get("head", model.head.name), len(labels))
    agree_on_logits(network.output, registry.get("output", model.output.name), len(labels))
    if model.initial:
        start_from(network, model.initial, labels, model.initial_part)
    return network


def wire_model(
    model: Model, registry: Registry, labels: Sequence[str], class_counts: Sequence[float] | None = None
) -> Network:
    """The same without the checks at every call, which no exporter can follow, and without `initial`."""
    backbone = build(registry, "backbone", model.backbone)
    known = {"labels": labels, "num_classes": len(labels), "class_counts": class_counts or [1] * len(labels)}
    output = build(registry, "output", model.output, **known)
    head_class = registry.get("head", model.head.name).load()
    build_head = partial(build, registry, "head", model.head, num_classes=len(labels), labels=labels)
    return assemble_network(backbone, head_class, build_head, output)


def without_pretrained(model: Model, registry: Registry) -> Model:
    """A network that starts from random numbers, whatever names its weights."""
    parts: dict[str, Any] = {"initial": None, "initial_part": None}
    for kind in ("backbone", "head", "output"):
        part: Part = getattr(model, kind)
        off = without_weights(registry.get(kind, part.name))
        parts[kind] = Part(name=part.name, **{**part.options, **off})
    return model.model_copy(update=parts)
