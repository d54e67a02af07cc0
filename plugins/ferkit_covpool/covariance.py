"""The covariance of a map's channels."""

from __future__ import annotations

import torch
from torch import Tensor

TRACE_SHARE = 1e-4
"""How much of its trace is added to each of a covariance's eigenvalues, as the published code does."""


def covariances(maps: Tensor) -> Tensor:
    """Maps (B, C, h, w), of two places and more -> (B, C, C), over their h·w places, divided by h·w − 1.

    In float32 at least: half precision has too few digits for eigenvalues. Where there are fewer places than
    channels, the covariance is singular (of rank h·w − 1 at most).
    """
    exact = maps if maps.dtype == torch.float64 else maps.float()
    values = exact.flatten(2)
    centred = values - values.mean(dim=2, keepdim=True)
    return centred @ centred.mT / (values.shape[2] - 1)


def regularise(matrices: Tensor) -> Tensor:
    """Σ + 10⁻⁴·tr(Σ)·I (Acharya et al. 2018, section 3.2): (B, C, C), no longer singular unless it is 0."""
    traces = matrices.diagonal(dim1=-2, dim2=-1).sum(-1)
    identity = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
    return matrices + TRACE_SHARE * traces[:, None, None] * identity
