"""Logit adjustment (Menon et al. 2021), for classes of unequal size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn


class LogitAdjustmentOutput(nn.Module):
    """Logits and τ·log π, with π the classes' shares of the training images.

    prior: label -> share or number of its images, for every label, e.g. { anger = 100, disgust = 75 }; they
    are divided by their sum. Left out, it is that of the images that are trained on: with soft targets, of
    their shares. phase: "training" trains on f_y + τ·log π_y and answers with f_y, which is the
    paper's adjusted loss; "evaluation" trains on f_y and answers with f_y − τ·log π_y, its adjustment after
    training. tau: τ, 1 for the balanced error. further: τ of an adjustment of the answers beside that, as of
    phase "evaluation", for a network trained with "training". bias: label -> a number added to its logit in
    the answers, 0 for those left out: below 0 it holds back a class that takes from all others, more than
    its share explains. To be found on validation images.
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
        """(B, K) -> (B, K)."""
        if self.training:
            return logits + self.adjustment.to(logits) if self.phase == "training" else logits
        answered = logits - self.correction.to(logits)
        return answered - self.adjustment.to(logits) if self.phase == "evaluation" else answered


def _count(labels: Sequence[str], class_counts: Sequence[float] | None) -> Tensor:
    """Raises ValueError where a class has no image: its logarithm would be infinite."""
    counts = class_counts or []
    if len(counts) != len(labels) or min(counts) <= 0:
        raise ValueError(
            f"logit_adjustment without a prior needs images of every class to train on, got {class_counts}"
        )
    return torch.tensor(counts, dtype=torch.float32)


def _read(prior: Mapping[str, float], labels: Sequence[str]) -> Tensor:
    _check_shares(prior)
    shares = torch.tensor([prior.get(label, math.nan) for label in labels])
    if not shares.is_meta:
        # On torch's meta device a recipe is tried before its data are read, on labels that stand in.
        _check_labels(prior, labels)
    return shares


def _read_bias(bias: Mapping[str, float], labels: Sequence[str]) -> Tensor:
    if wrong := [label for label, number in bias.items() if not math.isfinite(number)]:
        raise ValueError(f"bias: expected finite numbers, but that of {wrong[0]} is {bias[wrong[0]]}")
    numbers = torch.tensor([bias.get(label, 0.0) for label in labels])
    if not numbers.is_meta:
        _check_known("bias", bias, labels)
    return numbers


def _check_shares(prior: Mapping[str, float]) -> None:
    for label, share in prior.items():
        if not 0 < share < math.inf:
            raise ValueError(f"prior: expected shares above 0, but that of {label} is {share}")


def _check_labels(prior: Mapping[str, float], labels: Sequence[str]) -> None:
    if lacking := [label for label in labels if label not in prior]:
        raise ValueError(
            f"prior: it says nothing of {', '.join(lacking)}; expected a fraction of every label"
        )
    _check_known("prior", prior, labels)


def _check_known(option: str, table: Mapping[str, float], labels: Sequence[str]) -> None:
    if unknown := [label for label in table if label not in labels]:
        raise ValueError(
            f"{option}: no label is called {', '.join(unknown)}; the labels are {', '.join(labels)}"
        )
