"""A recipe's network, built and run once on nothing: the faults that only its constructors can find."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ferkit.assemble import build, uses_network
from ferkit.errors import Fault, FerkitError
from ferkit.interfaces import CANONICAL_LABELS
from ferkit.recipe import Part, Recipe
from ferkit.registry import Registry

Built = TypeVar("Built")


def try_network(recipe: Recipe, registry: Registry, labels: Sequence[str] | None = None) -> list[Fault]:
    """Faults in the values of the estimator's and the network's options, and in how its parts and the image
    size go together.

    labels: the data's, where they are known. Everything is built on torch's meta device, without weights:
    it takes no memory, fetches nothing and computes nothing. What can't be built there is not judged.
    """
    if recipe.estimator and (faults := _try_estimator(recipe.estimator, registry, labels)):
        return faults
    if not uses_network(recipe.model_dump(exclude_none=True), registry):
        return []
    import torch

    from ferkit.estimators import build_loss, build_network
    from ferkit.neural.network import Network
    from ferkit.neural.schedule import check_optimizer
    from ferkit.neural.starting import start_faults, stored_labels

    given, initial = labels, recipe.model.initial
    if labels is None and initial and (stored := stored_labels(initial)):
        labels = stored
    if labels is None:
        # A neutral class of another name is looked for among the data's own labels, later.
        named = [value for value in recipe.model.output.options.values() if isinstance(value, str)]
        labels = list(dict.fromkeys([*CANONICAL_LABELS, *named]))
    known = labels
    bare = leave_out_weights(recipe, registry)
    with torch.device("meta"), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, faults = _try("loss", lambda: build_loss(recipe.loss, registry, known, [1] * len(known)))
        network, more = _try("model", lambda: build_network(bare, registry, known))
        faults += more
        if isinstance(network, Network):
            if initial:
                faults += start_faults(network, initial, given, _is_bare(recipe, bare))
            faults += _try("fit.optimizer", lambda: check_optimizer(network, recipe.fit.optimizer))[1]
            count, side = min(recipe.fit.batch_size, 2), recipe.model.image_size
            faults += _try_images(network.train(), torch.zeros(count, 3, side, side))
    return faults


def _is_bare(recipe: Recipe, bare: Recipe) -> bool:
    """Whether weights were left out of any part."""
    parts = ("backbone", "head", "output")
    return any(getattr(bare.model, part) != getattr(recipe.model, part) for part in parts)


def _try_estimator(part: Part, registry: Registry, labels: Sequence[str] | None) -> list[Fault]:
    """What its constructor refuses, given nothing to compute with."""
    context = {"labels": labels or CANONICAL_LABELS, "seed": 0}
    nothing = dict.fromkeys(("crop", "state_file", "network"))
    return _try("estimator", lambda: build(registry, "estimator", part, **context, **nothing))[1]


def _try(where: str, make: Callable[[], Built]) -> tuple[Built | None, list[Fault]]:
    try:
        return make(), []
    except Exception as error:
        return None, [] if _is_metas_own(error) else [Fault(where, _describe(error))]


def _try_images(network: Any, images: Any) -> list[Fault]:
    count, side = len(images), images.shape[-1]
    try:
        network(images)
    except FerkitError as error:
        return [Fault("model", str(error))]
    except Exception as error:
        if _is_metas_own(error):
            return []
        batch = "1 image" if count == 1 else f"{count} images"
        problem = f"the network can't train on {batch} of {side} by {side}: {_describe(error)}"
        remedy = "Change model.image_size, fit.batch_size, or the options of the backbone or the head."
        return [Fault("model", problem, remedy)]
    return []


def _is_metas_own(error: BaseException) -> bool:
    """Whether it, or what it came from, is only that an operation has no meaning without data."""
    cause = error.__cause__
    return (
        isinstance(error, NotImplementedError)
        or (isinstance(error, RuntimeError) and "meta" in str(error))
        or (cause is not None and _is_metas_own(cause))
    )


def _describe(error: Exception) -> str:
    is_plain = isinstance(error, FerkitError | ValueError)
    return str(error) if is_plain else f"{type(error).__name__}: {error}"


def leave_out_weights(recipe: Recipe, registry: Registry) -> Recipe:
    """The recipe with a network that starts from random numbers, whatever names its weights."""
    from ferkit.neural.building import without_pretrained

    return recipe.model_copy(update={"model": without_pretrained(recipe.model, registry)})
