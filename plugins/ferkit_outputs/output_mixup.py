"""Output mix-up (the paper, section 2.5, equation 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

Variant = Literal["literal", "own_lambda", "probability"]
Coefficients = Literal["free", "sigmoid", "frozen"]


class Identity(nn.Module):
    """Unchanged logits."""

    def __init__(self) -> None:
        super().__init__()

    def forward(self, logits: Tensor) -> Tensor:
        return logits


class OutputMixup(nn.Module):
    """Each class mixed with the neutral class n, with a learned fraction λ of each class.

    Xiang, "Multiscale Very Deep Convolutional Network for Facial Expression in the Wild", equation 3.

    Args:
        initial: Initial value of every λ. "sigmoid" and "probability" need a number between 0 and 1.
        variant: "literal" is equation 3, y_k ← λ_n·y_n + (1−λ_k)·y_k. Its first term is equal for all classes
            and changes no probability, so the variant is a temperature for each class. "own_lambda" follows
            the paper's text, y_k ← λ_k·y_n + (1−λ_k)·y_k. "probability" applies "own_lambda" to
            probabilities, with λ clipped to 0 to 1, and returns log probabilities.
        coefficients: "free" learns λ without limits, as the paper; "sigmoid" keeps λ between 0 and 1;
            "frozen" keeps the initial values.
        neutral: Name of the neutral class.
    """

    def __init__(
        self,
        labels: Sequence[str],
        initial: float = 0.2,
        variant: Variant = "literal",
        coefficients: Coefficients = "free",
        neutral: str = "neutral",
    ) -> None:
        super().__init__()
        if neutral not in labels:
            raise ValueError(f"neutral: no label is called {neutral!r}; the labels are {', '.join(labels)}")
        if (coefficients == "sigmoid" or variant == "probability") and not 0 < initial < 1:
            raise ValueError(f"initial: expected a number between 0 and 1, got {initial}")
        self.neutral = list(labels).index(neutral)
        self.variant = variant
        self.is_squashed = coefficients == "sigmoid"
        start = torch.full((len(labels),), float(initial))
        start = torch.logit(start) if self.is_squashed else start
        self.coefficients = nn.Parameter(start, requires_grad=coefficients != "frozen")

    def forward(self, logits: Tensor) -> Tensor:
        """Map logits (B, K) to mixed logits (B, K)."""
        shares = self.coefficients.sigmoid() if self.is_squashed else self.coefficients
        if self.variant == "probability":
            return self._mix_probabilities(logits, shares)
        neutral = logits[:, self.neutral, None]
        taken = shares[self.neutral] if self.variant == "literal" else shares
        return taken * neutral + (1 - shares) * logits

    def _mix_probabilities(self, logits: Tensor, shares: Tensor) -> Tensor:
        logs = (logits if logits.dtype == torch.float64 else logits.float()).log_softmax(dim=1)
        # The logarithm of 0 would make gradients NaN.
        epsilon = torch.finfo(torch.float32).eps
        shares = shares.clamp(epsilon, 1 - epsilon)
        mixed = torch.logaddexp(shares.log() + logs[:, self.neutral, None], (1 - shares).log() + logs)
        return mixed.log_softmax(dim=1)
