"""Cutout on batches: random squares are erased."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

MOST = 1000
"""Largest number of squares, so that a batch needs little memory."""


class Cutout:
    """Cutout on a batch, on the device of the training (DeVries and Taylor 2017).

    Squares are inside the image and may overlap. Each image has its own.

    Args:
        side: Width and height of the images, in pixels.
        holes: Number of squares in an image, 1 to 1000.
        size: Width and height of a square, in pixels, from 1 to `side`.
        p: Probability that an image has squares, 0 to 1.
        fill: Value of the erased pixels, 0 (black) to 1 (white).
    """

    is_batched: ClassVar[bool] = True

    def __init__(self, side: int, holes: int = 8, size: int = 6, p: float = 0.5, fill: float = 0.0) -> None:
        if not 1 <= size <= side:
            raise ValueError(f"size: expected 1 to {side} (the image size), got {size}")
        if not 1 <= holes <= MOST:
            raise ValueError(f"holes: expected 1 to {MOST}, got {holes}")
        for name, value in (("p", p), ("fill", fill)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name}: expected a number from 0 to 1, got {value}")
        self.holes, self.size, self.p, self.fill = holes, size, p, fill

    def __call__(self, images: Tensor, seed: int) -> Tensor:
        """Erase squares of (B, 3, H, W). The squares of a seed are the same on every device."""
        count, _, height, width = images.shape
        random = torch.Generator().manual_seed(seed)
        is_cut = torch.rand(count, generator=random) < self.p
        top = torch.randint(height - self.size + 1, (count, self.holes), generator=random)
        left = torch.randint(width - self.size + 1, (count, self.holes), generator=random)
        rows, columns = self._covered(top, height), self._covered(left, width)
        # (B, H, holes) times (B, holes, W) counts the squares over each pixel.
        erased = (rows.transpose(1, 2) @ columns > 0) & is_cut[:, None, None]
        return images.masked_fill(erased[:, None].to(images.device), self.fill)

    def _covered(self, starts: Tensor, length: int) -> Tensor:
        """Return (B, holes, length) floats: 1 where a square covers the row or column."""
        places = torch.arange(length)
        return ((places >= starts[..., None]) & (places < starts[..., None] + self.size)).float()
