"""Checks of the options of ds_gplvm."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit_dsgplvm.model import ModelOptions
from ferkit_dsgplvm.search import SearchOptions


def check_options(
    candidates: Sequence[ModelOptions], search: SearchOptions, views: int, image_size: int, variance: float
) -> None:
    """Raise ValueError for an option outside its range."""
    if not views:
        raise ValueError("descriptors: expected at least one, got none")
    if not candidates:
        raise ValueError("latent_dims, prior_weights and ridges: expected at least one number for each")
    if not 0 < variance <= 1:
        raise ValueError(f"variance: expected a fraction above 0, at most 1, got {variance}")
    _check_least(
        ("image_size", image_size, 8),
        ("inner_folds", search.folds, 2),
        ("search_cycles", search.cycles, 1),
        ("neighbours", search.neighbours, 1),
    )
    for one in candidates:
        _check_numbers(one)
    _check_weights(candidates[0], views)


def _check_weights(options: ModelOptions, views: int) -> None:
    weights = options.view_weights
    if not weights:
        return
    if options.mapping != "single":
        raise ValueError('view_weights: these need back_projection = "single"')
    if len(weights) != views or min(weights) < 0 or sum(weights) <= 0:
        raise ValueError(
            f"view_weights: expected a number of at least 0 for each of {views} descriptors, not all 0, "
            f"got {list(weights)}"
        )


def _check_numbers(options: ModelOptions) -> None:
    _check_least(
        ("latent_dims", options.latent_dim, 1),
        ("prior_weights", options.prior_weight, 0),
        ("xi", options.xi, 0),
        ("cycles", options.cycles, 1),
        ("steps", options.steps, 1),
        ("growth", options.growth, 1),
        ("mu_max", options.mu_max, options.mu),
    )
    for name, number in (("ridges", options.ridge), ("width", options.width), ("mu", options.mu)):
        if not number > 0:
            raise ValueError(f"{name}: expected a number above 0, got {number:g}")


def _check_least(*numbers: tuple[str, float, float]) -> None:
    """Raise ValueError if a number is below its minimum, given (name, number, minimum)."""
    for name, number, least in numbers:
        if not number >= least:
            raise ValueError(f"{name}: expected a number of at least {least:g}, got {number:g}")
