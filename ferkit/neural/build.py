"""Build the network of a recipe's `[model]`. This module imports no training code, so it imports fast."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import nn

from ferkit.components.build import build
from ferkit.components.contract import (
    agree_on_a_number,
    agree_on_head,
    agree_on_logits,
    agree_on_maps,
    agree_on_normalisation,
)
from ferkit.components.options import without_weights
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.neural.init_from import start_from, stored_normalize
from ferkit.neural.network import Network, assemble_network
from ferkit.neural.options import Known, Model
from ferkit.neural.preprocessing import settle_normalize


def build_model(
    model: Model, registry: Registry, labels: Sequence[str], class_counts: Sequence[float] | None = None
) -> Network:
    """Build a network that checks the results of its parts at every call.

    Args:
        model: The section `[model]`.
        registry: The installed components.
        labels: The labels, in order.
        class_counts: Number of training images of each label. None if the tensors come from a file.

    Raises:
        ComponentError: A part cannot be built.
        WeightsError: Pretrained weights are missing or broken.
        RunError: `initial` does not match the network.
    """
    network = wire_model(model, registry, labels, class_counts)
    agree_on_maps(network.backbone, registry.get("backbone", model.backbone.name))
    agree_on_head(network.head, registry.get("head", model.head.name), len(labels))
    agree_on_logits(network.output, registry.get("output", model.output.name), len(labels))
    if model.initial:
        start_from(network, model.initial, labels, model.initial_part)
        if model.normalize == "pretrained":
            network.normalize = stored_normalize(model.initial) or network.normalize
    return network


def wire_model(
    model: Model, registry: Registry, labels: Sequence[str], class_counts: Sequence[float] | None = None
) -> Network:
    """Build the network without checks, which exporters cannot trace, and without `initial`."""
    backbone = build(registry, "backbone", model.backbone)
    known = {"labels": labels, "num_classes": len(labels), "class_counts": class_counts or [1] * len(labels)}
    output = build(registry, "output", model.output, **known)
    head_class = registry.get("head", model.head.name).load()
    build_head = partial(build, registry, "head", model.head, num_classes=len(labels), labels=labels)
    network = assemble_network(backbone, head_class, build_head, output)
    network.normalize = choose_normalize(model, registry, backbone)
    return network


def choose_normalize(model: Model, registry: Registry, backbone: object) -> Known:
    """Return the normalisation of `[model]` with known values, without `initial`. Raises ComponentError."""
    if model.normalize == "pretrained":
        agree_on_normalisation(backbone, registry.get("backbone", model.backbone.name))
    return settle_normalize(model.normalize, backbone)


def without_pretrained(model: Model, registry: Registry) -> Model:
    """Return the section without any pretrained weights."""
    parts: dict[str, Any] = {"initial": None, "initial_part": None}
    for kind in ("backbone", "head", "output"):
        parts[kind] = part_without_pretrained(kind, getattr(model, kind), registry)
    return model.model_copy(update=parts)


def part_without_pretrained(kind: str, part: Part, registry: Registry) -> Part:
    """Return a component of the network without its pretrained weights."""
    return Part(name=part.name, **{**part.options, **without_weights(registry.get(kind, part.name))})


def build_loss(
    part: Part, registry: Registry, labels: Sequence[str], class_counts: Sequence[float]
) -> nn.Module:
    """Build the loss, which checks that its result is a scalar."""
    loss: nn.Module = build(
        registry, "loss", part, num_classes=len(labels), labels=labels, class_counts=class_counts
    )
    agree_on_a_number(loss, registry.get("loss", part.name))
    return loss
