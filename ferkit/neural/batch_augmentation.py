"""Augmentation of whole batches on the device of the training, before normalisation."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit.neural.augment import Augmentation
from ferkit.neural.preprocessing import Normalisation

LUMA = (0.299, 0.587, 0.114)
"""Weights of the channels RGB (ITU-R BT.601), as in `to_grey`."""


class BatchAugmentation:
    """The steps of `[[augment]]` on batches, then the normalisation.

    Batches come to the device as uint8, which takes a quarter of the transfer of float32.

    Args:
        augmentation: The steps.
        normalise: The normalisation of the images.
        device: Device of the batches.
    """

    def __init__(self, augmentation: Augmentation, normalise: Normalisation, device: torch.device) -> None:
        self.augmentation = augmentation
        self.mean, self.deviation = (
            torch.from_numpy(values).to(device)[:, None, None]
            for values in (normalise.mean, normalise.deviation)
        )
        self.luma = torch.tensor(LUMA, device=device)[:, None, None] if normalise.is_grey else None

    @torch.no_grad()
    def __call__(self, images: Tensor, seed: int) -> Tensor:
        """Transform (B, 3, side, side) uint8 to normalised float32 of the same shape."""
        pixels = self.augmentation.on_batch(images.float() / 255, seed) * 255
        if self.luma is not None:
            pixels = (pixels * self.luma).sum(dim=1, keepdim=True).expand_as(pixels)
        return (pixels - self.mean) / self.deviation
