"""Functions of symmetric matrices by their eigenvalues, with gradients that are right for equal eigenvalues.

torch's gradient of an eigendecomposition divides by differences of eigenvalues. It is infinite for equal
ones, as in a constant map's covariance. The gradient of V·f(λ)·Vᵀ as a whole is V·(D ∘ VᵀGV)·Vᵀ (Daleckii and
Krein; Ionescu et al. 2015 for networks). D has the divided differences (f(λi) − f(λj)) / (λi − λj), whose
limit is f'(λ).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.linalg import LinAlgError  # type: ignore[attr-defined]

from ferkit.plugin import RunError


def rectify(matrices: Tensor, low: float, high: float) -> Tensor:
    """Apply ReEig (Huang and Van Gool 2017, equation 4): clip eigenvalues to `low` and `high`.

    The matrices are symmetric, (..., N, N), float32 or float64. Raises RunError if they are not finite.
    """
    rectified: Tensor = _Spectral.apply(matrices, low, high, False)
    return rectified


def log_rectified(matrices: Tensor, low: float, high: float) -> Tensor:
    """Apply ReEig, then LogEig (equation 6), with one decomposition: both have the same eigenvectors.

    The matrices are symmetric, (..., N, N), float32 or float64. Raises RunError if they are not finite.
    """
    logarithm: Tensor = _Spectral.apply(matrices, low, high, True)
    return logarithm


class _Spectral(Function):
    """clip(λ) or log(clip(λ)) of the symmetric parts of matrices."""

    @staticmethod
    def forward(ctx: Any, matrices: Tensor, low: float, high: float, is_logarithm: bool) -> Tensor:
        values, vectors = decompose(symmetric(matrices))
        ctx.save_for_backward(values, vectors)
        ctx.options = low, high, is_logarithm
        clipped = values.clamp(low, high)
        mapped = clipped.log() if is_logarithm else clipped
        return (vectors * mapped.unsqueeze(-2)) @ vectors.mT

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        values, vectors = ctx.saved_tensors
        low, high, is_logarithm = ctx.options
        rotated = vectors.mT @ symmetric(gradient) @ vectors
        inner = rotated * divided_differences(values, low, high, is_logarithm)
        return vectors @ inner @ vectors.mT, None, None, None


def symmetric(matrices: Tensor) -> Tensor:
    return (matrices + matrices.mT) / 2


def divided_differences(values: Tensor, low: float, high: float, is_logarithm: bool) -> Tensor:
    """Return (f(λi) − f(λj)) / (λi − λj), or f'(λi) for equal values: (..., N) -> (..., N, N).

    By the chain rule, the divided differences of log∘clip are the product of those of log and clip. There is
    no cancellation: the difference of two numbers of about the same size is exact in floating point.
    """
    clipped = values.clamp(low, high)
    gaps = values.unsqueeze(-1) - values.unsqueeze(-2)
    clipped_gaps = clipped.unsqueeze(-1) - clipped.unsqueeze(-2)
    is_inside = (clipped == values).to(values).unsqueeze(-1).expand_as(gaps)
    of_clip = _divide(clipped_gaps, gaps, is_inside)
    if not is_logarithm:
        return of_clip
    smaller = torch.minimum(clipped.unsqueeze(-1), clipped.unsqueeze(-2))
    ratios = clipped_gaps.abs() / smaller
    return of_clip * _divide(ratios.log1p(), ratios, torch.ones_like(ratios)) / smaller


def _divide(above: Tensor, below: Tensor, limit: Tensor) -> Tensor:
    """Return above / below, or the limit where below is 0."""
    is_zero = below == 0
    return torch.where(is_zero, limit, above / below.masked_fill(is_zero, 1))


def decompose(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Return eigenvalues (..., N), ascending, and eigenvectors (..., N, N) in columns. Raises RunError."""
    # The meta device, used in dry runs, has no values.
    if not matrices.is_meta and not bool(matrices.isfinite().all()):
        raise RunError(
            "covariance pooling: expected finite covariances, got infinite values or NaN: the maps' values "
            "are too large, or the training diverged. Lower fit.optimizer.lr or set fit.precision = "
            '"float32".'
        )
    try:
        return _eigh(matrices)
    except LinAlgError:
        pass
    try:
        values, vectors = _eigh(matrices.double())
    except LinAlgError as error:
        raise RunError(
            f"covariance pooling: cannot compute the eigenvalues of a {matrices.shape[-1]} by "
            f"{matrices.shape[-1]} covariance, even in float64: its values differ too much in size. "
            "Lower fit.optimizer.lr or set a smaller model.head.bimap."
        ) from error
    return values.to(matrices), vectors.to(matrices)


def _eigh(matrices: Tensor) -> tuple[Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(matrices)
    return values, vectors
