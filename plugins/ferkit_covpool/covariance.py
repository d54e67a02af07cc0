"""Covariance of a feature map's channels."""

from __future__ import annotations

import torch
from torch import Tensor

TRACE_SHARE = 1e-4
"""Fraction of the trace that is added to each eigenvalue, as in the published code."""


def covariances(maps: Tensor) -> Tensor:
    """Return the covariances (B, C, C) of maps (B, C, h, w) over their h·w positions, at least two.

    They are divided by h·w − 1 and computed in float32 at least: half precision has too few digits for
    eigenvalues. With fewer positions than channels they are singular, with rank h·w − 1 at most.
    """
    exact = maps if maps.dtype == torch.float64 else maps.float()
    values = exact.flatten(2)
    centred = values - values.mean(dim=2, keepdim=True)
    return centred @ centred.mT / (values.shape[2] - 1)


def regularise(matrices: Tensor) -> Tensor:
    """Return Σ + 10⁻⁴·tr(Σ)·I (Acharya et al. 2018, section 3.2), (B, C, C), not singular unless Σ is 0."""
    traces = matrices.diagonal(dim1=-2, dim2=-1).sum(-1)
    identity = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
    return matrices + TRACE_SHARE * traces[:, None, None] * identity
