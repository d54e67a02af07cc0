"""A network and a loss, called once on nothing, and whose problem it is where that fails."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

from ferkit.components.component import Component
from ferkit.components.part import Part
from ferkit.components.provider import is_own
from ferkit.components.registry import Registry
from ferkit.components.tracebacks import describe_call
from ferkit.errors import FerkitError, Problem
from ferkit.messages import count_of
from ferkit.recipe.schema import Recipe

META = re.compile(r"\b[Mm]eta\b")
Parts = Mapping[str, tuple[Any, Component]]
"""The recipe's key -> the module, and what it was built from."""


def try_images(network: Any, recipe: Recipe, registry: Registry, images: Any) -> list[Problem]:
    """The network on images of the recipe's size, in training."""
    model = recipe.model
    parts: Parts = {
        "model.backbone": (network.backbone, registry.get("backbone", model.backbone.name)),
        "model.head": (network.head, registry.get("head", model.head.name)),
        "model.output": (network.output, registry.get("output", model.output.name)),
    }
    side = images.shape[-1]
    given = f"{count_of(len(images), 'image')} of {side} by {side}"
    try:
        network(images)
    except FerkitError as error:
        return [Problem("model", str(error))]
    except Exception as error:
        if is_metas_own(error):
            return []
        if problem := _blame(error, parts, given):
            return [problem]
        hint = "Change model.image_size, fit.batch_size, or the options of the backbone or the head."
        return [Problem("model", f"the network can't train on {given}: {plainly(error)}", hint)]
    return []


def try_loss(
    loss: Any, part: Part, registry: Registry, shape: tuple[int, int], has_soft_targets: bool
) -> list[Problem]:
    """The loss on logits of a shape with labels and, where there are any, with soft targets."""
    import torch

    who = registry.get("loss", part.name)
    for targets, given in _targets(shape, has_soft_targets):
        try:
            loss(torch.zeros(shape), targets)
        except FerkitError as error:
            return [Problem("loss", str(error))]
        except Exception as error:
            if not is_metas_own(error):
                told = f"{who} can't take logits of shape {shape} with {given}: {plainly(error)}"
                return [_blame(error, {"loss": (loss, who)}, given) or Problem("loss", told)]
    return []


def _targets(shape: tuple[int, int], has_soft_targets: bool) -> Iterator[tuple[Any, str]]:
    import torch

    yield torch.zeros(shape[0], dtype=torch.int64), "labels (B,) int64"
    if has_soft_targets:
        yield torch.zeros(shape), "soft targets (B, K)"


def _blame(error: Exception, parts: Parts, given: str) -> Problem | None:
    """Where a part that is not ferkit's own raised what is no ValueError, which is of the values given."""
    if isinstance(error, ValueError):
        return None
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        for key, (module, who) in parts.items():
            if frame.f_locals.get("self") is module and not is_own(who.provider):
                told = f"{who} failed{describe_call(error, who.target)} on {given}: {plainly(error)}"
                return Problem(key, told, who.hint)
    return None


def is_metas_own(error: BaseException) -> bool:
    """Whether it, or what it came from, is only that an operation has no meaning without data."""
    cause = error.__cause__
    return (
        isinstance(error, NotImplementedError)
        or (isinstance(error, RuntimeError | TypeError) and bool(META.search(str(error))))
        or (cause is not None and is_metas_own(cause))
    )


def plainly(error: Exception) -> str:
    """Its message; what is no value's problem, with its type."""
    is_plain = isinstance(error, FerkitError | ValueError)
    return str(error) if is_plain else f"{type(error).__name__}: {error}"
