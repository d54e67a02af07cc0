"""Mixup and CutMix."""

from __future__ import annotations

import torch
from timm.data import Mixup
from torch import Tensor
from torch.nn.functional import one_hot

from ferkit.plugin import Callback


class MixUp(Callback):
    """Mix each image of a batch with another one, and their targets in the same proportion, by timm.

    Mixup (Zhang et al. 2018) averages two images. CutMix (Yun et al. 2019) pastes a rectangle of one image
    into another. The loss gets soft targets. The proportion λ is drawn for each batch from Beta(α, α).

    Args:
        alpha: α of Mixup. 0 turns it off.
        cutmix_alpha: α of CutMix. 0 turns it off.
        probability: Probability that a batch is mixed, 0 to 1.
        cutmix_probability: Probability of CutMix for a mixed batch, if both are on, 0 to 1.
    """

    def __init__(
        self,
        num_classes: int,
        alpha: float = 0.2,
        cutmix_alpha: float = 0.0,
        probability: float = 1.0,
        cutmix_probability: float = 0.5,
    ) -> None:
        for name, value in (("alpha", alpha), ("cutmix_alpha", cutmix_alpha)):
            if value < 0:
                raise ValueError(f"{name}: expected 0 or more, got {value:g}")
        if not alpha and not cutmix_alpha:
            raise ValueError("alpha and cutmix_alpha are both 0. Set one of them, or remove the callback")
        for name, value in (("probability", probability), ("cutmix_probability", cutmix_probability)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name}: expected a probability from 0 to 1, got {value:g}")
        self.num_classes = num_classes
        self.mix = Mixup(  # type: ignore[no-untyped-call]
            mixup_alpha=alpha,
            cutmix_alpha=cutmix_alpha,
            prob=probability,
            switch_prob=cutmix_probability,
            label_smoothing=0.0,
            num_classes=num_classes,
            multi_label=True,
        )

    def change_batch(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Mix the images with the batch in reverse order. The last image of an odd batch stays."""
        soft = targets if targets.dim() == 2 else one_hot(targets, self.num_classes).float()
        even = len(images) // 2 * 2
        if not even:
            return images, soft
        mixed, mixed_targets = self.mix(images[:even].clone(), soft[:even])
        return torch.cat([mixed, images[even:]]), torch.cat([mixed_targets, soft[even:]])
