"""Targets and class weights in the forms shared by the losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

ClassWeights = Literal["equal", "inverse_frequency"]


def as_soft(targets: Tensor, like: Tensor) -> Tensor:
    """Convert labels (B,) or soft targets (B, K) to soft targets (B, K) of the logits' type."""
    if targets.dim() == 1:
        return F.one_hot(targets, like.shape[1]).to(like)
    return targets.to(like)


def at_least_float32(logits: Tensor) -> Tensor:
    """Convert bfloat16 and float16 to float32: they have too few digits for log probabilities."""
    return logits if logits.dtype == torch.float64 else logits.float()


def weigh_classes(weights: ClassWeights, class_counts: Sequence[float] | None) -> Tensor | None:
    """Return class weights whose mean over the training images is 1, or None if all are equal."""
    if weights == "equal":
        return None
    counts = torch.tensor(check_counts('class_weights: "inverse_frequency"', class_counts)).float()
    return counts.sum() / (len(counts) * counts)


def check_counts(name: str, class_counts: Sequence[float] | None) -> Sequence[float]:
    """Return the class counts: images, or sums of soft targets. Raises ValueError if one is below 1."""
    if not class_counts or min(class_counts) < 1:
        raise ValueError(f"{name} needs training images of every class, got {class_counts}")
    return class_counts
