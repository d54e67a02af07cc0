"""ArcFace's angular margin (Deng et al. 2019), for a head whose logits are scaled cosines."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from ferkit.plugin import ComponentError, Loss
from ferkit_losses.cross_entropy import CrossEntropyLoss
from ferkit_losses.targets import as_soft, at_least_float32

ROUNDING = 1.01
"""Largest cosine that half-precision rounding can give."""


class ArcFaceLoss(nn.Module):
    """Another loss, of logits with an angular margin for the true class.

    The logit is s·cos(θ_y + m) for the true class y and s·cos θ_j for others (Deng et al. 2019, equation 3).
    The input must already be s·cos θ with the same s. Use the head `prototype` with distance = "cosine" and
    temperature = 1/s, and the output `identity`. A `scale` that is too small raises an error. A `scale` that
    is too large cannot be detected: it looks like angles near 90 degrees.

    If θ_y + m is above π, cos θ_y − m·sin m replaces cos(θ_y + m), as in the authors' code. For soft targets,
    the margin of each class is multiplied by its probability.

    Args:
        scale: s, above 0; 64 in the paper.
        margin: m, in radians, from 0 to below π/2.
        base: Loss of the logits with the margin. Default: cross entropy.
    """

    def __init__(
        self,
        num_classes: int,
        scale: float,
        class_counts: Sequence[float] | None = None,
        margin: float = 0.5,
        base: Loss | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= margin < math.pi / 2:
            raise ValueError(f"margin: expected radians from 0 up to {math.pi / 2:.2f}, got {margin}")
        if scale <= 0:
            raise ValueError(f"scale: expected a number above 0, got {scale}")
        self.margin = margin
        self.scale = scale
        self.base = base if base is not None else CrossEntropyLoss(num_classes, class_counts)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss. Raises ComponentError for logits beyond ±s, which are not cosines."""
        exact = at_least_float32(logits)
        cosines = exact / self.scale
        if not logits.is_meta and (largest := cosines.detach().abs().max().item()) > ROUNDING:
            raise ComponentError(
                f"loss 'arcface': a logit is {largest * self.scale:.1f}, but {self.scale:g}·cos θ is at most "
                f'{self.scale:g}. Use the head {{ name = "prototype", distance = "cosine", temperature = '
                f'{1 / self.scale:g} }} and the output "identity", or set scale = 1/temperature.'
            )
        soft = as_soft(targets, exact)
        widened = (self.add_margin(cosines) - cosines) * self.scale
        return self.base(exact + soft * widened, targets)

    def add_margin(self, cosines: Tensor) -> Tensor:
        """Convert cos θ to cos(θ + m)."""
        # Slightly inside ±1: the gradient of the root is finite there.
        inside = cosines.clamp(-1 + 1e-7, 1 - 1e-7)
        sines = (1 - inside.square()).clamp_min(1e-12).sqrt()
        moved = inside * math.cos(self.margin) - sines * math.sin(self.margin)
        lowered = cosines - self.margin * math.sin(self.margin)
        is_within = cosines > math.cos(math.pi - self.margin)
        return moved.where(is_within, lowered)
