"""A layer that shrinks symmetric matrices by a learned orthonormal matrix (Huang and Van Gool 2017)."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

with warnings.catch_warnings():
    # geoopt 0.5 uses torch.jit.script. torch 2.10 and later warn about it, in these two categories.
    for kind in (DeprecationWarning, FutureWarning):
        warnings.simplefilter("ignore", kind)
    import geoopt


class BiMap(nn.Module):
    """Wᵀ·X·W (equation 2): symmetric matrices (B, N, N) -> (B, M, M), M ≤ N.

    The weight W, (N, M), has orthonormal columns: it is a point on the Stiefel manifold, initialised as the Q
    of a random matrix. geoopt's optimizers keep it there with the published steps: they project the gradient,
    G − W·sym(WᵀG), and apply a QR decomposition after each step.
    """

    def __init__(self, in_size: int, out_size: int) -> None:
        super().__init__()
        orthonormal = torch.linalg.qr(torch.randn(in_size, out_size)).Q
        manifold = geoopt.EuclideanStiefel()
        if orthonormal.is_meta:
            # geoopt checks values, which the meta device does not have.
            self.weight = nn.Parameter(orthonormal)
            self.weight.manifold = manifold  # type: ignore[attr-defined]
        else:
            self.weight = geoopt.ManifoldParameter(orthonormal, manifold=manifold)

    def forward(self, matrices: Tensor) -> Tensor:
        smaller: Tensor = self.weight.mT @ matrices @ self.weight
        return smaller
