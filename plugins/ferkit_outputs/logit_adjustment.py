"""Logit adjustment (Menon et al. 2021), for classes with unequal frequencies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn


class LogitAdjustmentOutput(nn.Module):
    """Logits corrected by τ·log π, with π the class frequencies of the training images.

    Args:
        prior: Label -> fraction or number of images, above 0, for every label: { anger = 100, disgust = 75 }.
            Values are divided by their sum. Default: counted from the training images; soft targets count
            with their probabilities.
        tau: τ, at least 0. 1 minimises the balanced error.
        phase: "training" adds τ·log π to the logits in training and predicts without it (the paper's
            adjusted loss). "evaluation" subtracts τ·log π from the logits in prediction only (the paper's
            post-hoc adjustment).
        further: τ of an additional post-hoc adjustment, at least 0, for networks trained with "training".
        bias: Label -> number added to its logit in prediction, default 0. A negative number makes a class
            rarer. Choose it on validation images.
    """

    adjustment: Tensor
    correction: Tensor

    def __init__(
        self,
        labels: Sequence[str],
        class_counts: Sequence[float] | None = None,
        prior: dict[str, float] | None = None,
        tau: float = 1.0,
        phase: Literal["training", "evaluation"] = "training",
        further: float = 0.0,
        bias: dict[str, float] | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("tau", tau), ("further", further)):
            if value < 0:
                raise ValueError(f"{name}: expected a number of at least 0, got {value}")
        self.phase = phase
        shares = _count(labels, class_counts) if prior is None else _read(prior, labels)
        prior_logits = (shares / shares.sum()).log()
        self.register_buffer("adjustment", tau * prior_logits)
        self.register_buffer("correction", further * prior_logits - _read_bias(bias or {}, labels))

    def forward(self, logits: Tensor) -> Tensor:
        """Map logits (B, K) to adjusted logits (B, K)."""
        if self.training:
            return logits + self.adjustment.to(logits) if self.phase == "training" else logits
        answered = logits - self.correction.to(logits)
        return answered - self.adjustment.to(logits) if self.phase == "evaluation" else answered


def _count(labels: Sequence[str], class_counts: Sequence[float] | None) -> Tensor:
    """Return the class counts. Raises ValueError for a class without images: its logarithm is infinite."""
    counts = class_counts or []
    if len(counts) != len(labels) or min(counts) <= 0:
        raise ValueError(
            f"logit_adjustment without a prior needs training images of every class, got {class_counts}"
        )
    return torch.tensor(counts, dtype=torch.float32)


def _read(prior: Mapping[str, float], labels: Sequence[str]) -> Tensor:
    _check_shares(prior)
    shares = torch.tensor([prior.get(label, math.nan) for label in labels])
    if not shares.is_meta:
        # On the meta device a dry run uses placeholder labels: the data are not read yet.
        _check_labels(prior, labels)
    return shares


def _read_bias(bias: Mapping[str, float], labels: Sequence[str]) -> Tensor:
    if wrong := [label for label, number in bias.items() if not math.isfinite(number)]:
        raise ValueError(f"bias: expected finite numbers, got {bias[wrong[0]]} for {wrong[0]}")
    numbers = torch.tensor([bias.get(label, 0.0) for label in labels])
    if not numbers.is_meta:
        _check_known("bias", bias, labels)
    return numbers


def _check_shares(prior: Mapping[str, float]) -> None:
    for label, share in prior.items():
        if not 0 < share < math.inf:
            raise ValueError(f"prior: expected fractions above 0, got {share} for {label}")


def _check_labels(prior: Mapping[str, float], labels: Sequence[str]) -> None:
    if lacking := [label for label in labels if label not in prior]:
        raise ValueError(f"prior: expected a fraction for every label, got none for {', '.join(lacking)}")
    _check_known("prior", prior, labels)


def _check_known(option: str, table: Mapping[str, float], labels: Sequence[str]) -> None:
    if unknown := [label for label in table if label not in labels]:
        raise ValueError(
            f"{option}: no label is called {', '.join(unknown)}; the labels are {', '.join(labels)}"
        )
