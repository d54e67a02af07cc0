"""Targets and class weights, in the forms that the losses share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

ClassWeights = Literal["equal", "inverse_frequency"]


def as_soft(targets: Tensor, like: Tensor) -> Tensor:
    """Labels (B,) or soft targets (B, K) -> soft targets (B, K) of the logits' type."""
    if targets.dim() == 1:
        return F.one_hot(targets, like.shape[1]).to(like)
    return targets.to(like)


def at_least_float32(logits: Tensor) -> Tensor:
    """bfloat16 and float16 have too few digits for a logarithm of probabilities."""
    return logits if logits.dtype == torch.float64 else logits.float()


def weigh_classes(weights: ClassWeights, class_counts: Sequence[float] | None) -> Tensor | None:
    """Weights by class whose mean over the training images is 1, or None where all are equal."""
    if weights == "equal":
        return None
    counts = torch.tensor(check_counts('class_weights: "inverse_frequency"', class_counts)).float()
    return counts.sum() / (len(counts) * counts)


def check_counts(name: str, class_counts: Sequence[float] | None) -> Sequence[float]:
    """The training images of each class, or the sums of their soft targets. Raises ValueError below 1."""
    if not class_counts or min(class_counts) < 1:
        raise ValueError(f"{name} needs images of every class to train on, got {class_counts}")
    return class_counts
