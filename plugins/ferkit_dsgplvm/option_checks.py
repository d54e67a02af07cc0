"""What no option may be: told before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit_dsgplvm.model import ModelOptions


def check_options(candidates: Sequence[ModelOptions], views: int) -> None:
    """Raises ValueError, which names the option, what was expected and what came."""
    if not views:
        raise ValueError("descriptors: expected at least one, for one view each, got none")
    if not candidates:
        raise ValueError("latent_dims, prior_weights and ridges: expected at least one number in each")
    for one in candidates:
        _check_numbers(one)
    weights = candidates[0].view_weights
    if not weights:
        return
    if candidates[0].mapping != "single":
        raise ValueError('view_weights: these weigh kernels of back_projection = "single" alone')
    if len(weights) != views or min(weights) < 0 or sum(weights) <= 0:
        raise ValueError(
            f"view_weights: expected a number of at least 0 for each of {views} descriptors, and not only "
            f"zeros, got {list(weights)}"
        )


def _check_numbers(options: ModelOptions) -> None:
    at_least: tuple[tuple[str, float, float], ...] = (
        ("latent_dims", options.latent_dim, 1),
        ("prior_weights", options.prior_weight, 0),
        ("xi", options.xi, 0),
        ("cycles", options.cycles, 1),
        ("steps", options.steps, 1),
        ("growth", options.growth, 1),
        ("mu_max", options.mu_max, options.mu),
    )
    for name, number, least in at_least:
        if not number >= least:
            raise ValueError(f"{name}: expected a number of at least {least:g}, got {number:g}")
    for name, number in (("ridges", options.ridge), ("width", options.width), ("mu", options.mu)):
        if not number > 0:
            raise ValueError(f"{name}: expected a number above 0, got {number:g}")
