"""Call a network and a loss on torch's meta device, and find the component that fails."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ferkit.components.component import Component
from ferkit.components.part import Part
from ferkit.components.provider import is_own
from ferkit.components.registry import Registry
from ferkit.components.tracebacks import describe_call, is_interrupt, say
from ferkit.errors import FerkitError, Problem
from ferkit.messages import count_of
from ferkit.recipe.schema import Recipe

Built = TypeVar("Built")

META = re.compile(r"META device type|\b[Mm]eta\b")
Parts = Mapping[str, tuple[Any, Component]]
"""Key of the recipe to (module, component)."""


def try_images(network: Any, recipe: Recipe, registry: Registry, images: Any) -> list[Problem]:
    """Call the network in training mode, and return its problem."""
    from ferkit.recipe.meta_shapes import MetaShapes

    model = recipe.model
    parts: Parts = {
        "model.backbone": (network.backbone, registry.get("backbone", model.backbone.name)),
        "model.head": (network.head, registry.get("head", model.head.name)),
        "model.output": (network.output, registry.get("output", model.output.name)),
    }
    side = images.shape[-1]
    given = f"{count_of(len(images), 'image')} of {side} by {side}"
    try:
        with MetaShapes():
            network(images)
    except FerkitError as error:
        return [Problem("model", str(error))]
    except BaseException as error:
        if is_interrupt(error):
            raise
        if is_metas_own(error):
            return []
        if problem := _blame(error, parts, given):
            return [problem]
        hint = "Change model.image_size, fit.batch_size, or the options of the backbone or the head."
        found = _third_party(error, parts)
        place = f" ({found[1]})" if found else ""
        return [Problem("model", f"the network{place} can't train on {given}: {plainly(error)}", hint)]
    return []


def try_loss(
    loss: Any, part: Part, registry: Registry, shape: tuple[int, int], has_soft_targets: bool
) -> list[Problem]:
    """Call the loss with labels and, if the data has them, soft targets, and return its problem."""
    import torch

    from ferkit.neural.auxiliary import needs_embeddings

    who = registry.get("loss", part.name)
    embeddings = (torch.zeros(shape[0], 8),) if needs_embeddings(loss) else ()
    for targets, given in _targets(shape, has_soft_targets):
        try:
            loss(torch.zeros(shape), targets, *embeddings)
        except FerkitError as error:
            return [Problem("loss", str(error))]
        except BaseException as error:
            if is_interrupt(error):
                raise
            if not is_metas_own(error):
                failure = f"{who} failed on logits of shape {shape} with {given}: {plainly(error)}"
                return [_blame(error, {"loss": (loss, who)}, given) or Problem("loss", failure)]
    return []


def _targets(shape: tuple[int, int], has_soft_targets: bool) -> Iterator[tuple[Any, str]]:
    import torch

    yield torch.zeros(shape[0], dtype=torch.int64), "labels (B,) int64"
    if has_soft_targets:
        yield torch.zeros(shape), "soft targets (B, K)"


def _blame(error: BaseException, parts: Parts, given: str) -> Problem | None:
    """Return a problem that names a third-party component, unless the error is a ValueError about a value."""
    if isinstance(error, ValueError) or not (found := _third_party(error, parts)):
        return None
    key, who = found
    failure = f"{who} failed{describe_call(error, who.target)} on {given}: {plainly(error)}"
    return Problem(key, failure, who.hint)


def _third_party(error: BaseException, parts: Parts) -> tuple[str, Component] | None:
    """Return the key and the component of another provider in which an error was raised."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        for key, (module, who) in parts.items():
            if frame.f_locals.get("self") is module and not is_own(who.provider):
                return key, who
    return None


def is_metas_own(error: BaseException) -> bool:
    """Return True if an operation is not possible on the meta device, which has no data."""
    cause = error.__cause__
    return (
        isinstance(error, NotImplementedError)
        or (isinstance(error, RuntimeError | TypeError) and bool(META.search(say(error))))
        or (cause is not None and is_metas_own(cause))
    )


def plainly(error: BaseException) -> str:
    """Return the message of an error, with its type unless it is about a value."""
    is_plain = isinstance(error, FerkitError | ValueError)
    return say(error) if is_plain else f"{type(error).__name__}: {say(error)}"


def try_call(where: str, make: Callable[[], Built]) -> tuple[Built | None, list[Problem]]:
    """Call a function. Return its result, or the problem of the key `where`."""
    try:
        return make(), []
    except BaseException as error:
        if is_interrupt(error):
            raise
        return None, [] if is_metas_own(error) else [Problem(where, plainly(error))]
