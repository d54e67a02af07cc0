"""ArcFace's angular margin (Deng et al. 2019), for a head whose logits are scaled cosines."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from ferkit.plugin import ComponentError, Loss
from ferkit_losses.cross_entropy import CrossEntropyLoss
from ferkit_losses.targets import as_soft, at_least_float32

ROUNDING = 1.01
"""How far half precision may take a cosine beyond 1."""


class ArcFaceLoss(nn.Module):
    """Another loss of s·cos(θ_y + m) in the true class's place, and s·cos θ_j in the others' (equation 3).

    margin: m, radians. scale: s, 64 in the paper. The logits must be s·cos θ with the same s already, which
    is what the head `prototype` with distance = "cosine" and temperature = 1/s gives, and no output but the
    identity keeps. An s that is too small is refused; one that is too large can't be told from angles near 90
    degrees.
    base: the loss that is given them, cross entropy if none is named. Where θ_y + m is beyond π, cos θ_y is
    lowered by m·sin m instead, as in the authors' code, so that the loss goes on falling with θ_y. Soft
    targets have each class's margin in its part.
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
        """Raises ComponentError where the logits are beyond ±s, and so no cosines times s."""
        exact = at_least_float32(logits)
        cosines = exact / self.scale
        if not logits.is_meta and (largest := cosines.detach().abs().max().item()) > ROUNDING:
            raise ComponentError(
                f"loss 'arcface': a logit is {largest * self.scale:.1f}, but {self.scale:g}·cos θ is at most "
                f'{self.scale:g}. Take the head {{ name = "prototype", distance = "cosine", temperature = '
                f'{1 / self.scale:g} }} and the output "identity", or set scale to 1/temperature'
            )
        soft = as_soft(targets, exact)
        widened = (self.add_margin(cosines) - cosines) * self.scale
        return self.base(exact + soft * widened, targets)

    def add_margin(self, cosines: Tensor) -> Tensor:
        """cos θ -> cos(θ + m)."""
        # Just inside ±1, where the gradient of the root is finite.
        inside = cosines.clamp(-1 + 1e-7, 1 - 1e-7)
        sines = (1 - inside.square()).clamp_min(1e-12).sqrt()
        moved = inside * math.cos(self.margin) - sines * math.sin(self.margin)
        lowered = cosines - self.margin * math.sin(self.margin)
        is_within = cosines > math.cos(math.pi - self.margin)
        return moved.where(is_within, lowered)
