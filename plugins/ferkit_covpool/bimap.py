"""Symmetric matrices to smaller ones, by an orthonormal matrix that is learned (Huang and Van Gool 2017)."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

with warnings.catch_warnings():
    # geoopt 0.5 compiles with torch.jit.script, which torch 2.10 and later warn of, first in one way, then in
    # the other.
    for kind in (DeprecationWarning, FutureWarning):
        warnings.simplefilter("ignore", kind)
    import geoopt


class BiMap(nn.Module):
    """Wᵀ·X·W (equation 2): (B, N, N) -> (B, M, M), M ≤ N.

    weight: W, (N, M), its columns orthonormal: a point of the Stiefel manifold. It begins as the Q of a
    random matrix. geoopt's optimizers keep it there, by the published code's steps: the gradient less its
    part across the manifold, W·sym(WᵀG), and a QR decomposition after each step.
    """

    def __init__(self, in_size: int, out_size: int) -> None:
        super().__init__()
        orthonormal = torch.linalg.qr(torch.randn(in_size, out_size)).Q
        manifold = geoopt.EuclideanStiefel()
        if orthonormal.is_meta:
            # geoopt checks the values of what it is given, and on the meta device there are none.
            self.weight = nn.Parameter(orthonormal)
            self.weight.manifold = manifold  # type: ignore[attr-defined]
        else:
            self.weight = geoopt.ManifoldParameter(orthonormal, manifold=manifold)

    def forward(self, matrices: Tensor) -> Tensor:
        smaller: Tensor = self.weight.mT @ matrices @ self.weight
        return smaller
