"""The sample sheet: a few images, their translations, and the translations back."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.utils import make_grid

from ferkit_cycleat.translation import Translation

COLUMNS = 8
GAP = 2


def draw_sheet(translation: Translation, source: Tensor, auxiliary: Tensor) -> NDArray[np.uint8]:
    """Draw up to 8 normalised images (N, 3, H, W) of each domain as an image (rows, columns, 3) uint8.

    The rows are: source, source to auxiliary, back to source; auxiliary, auxiliary to source, back to
    auxiliary.
    """
    source, auxiliary = source[:COLUMNS], auxiliary[:COLUMNS]
    with torch.no_grad():
        out = translation.translate(source, auxiliary)
    halves = [
        _grid(source, out.to_auxiliary, out.source_again),
        _grid(auxiliary, out.to_source, out.auxiliary_again),
    ]
    # The domains may have different numbers of images.
    width = max(half.shape[1] for half in halves)
    padded = [
        np.pad(half, ((0, 0), (0, width - half.shape[1]), (0, 0)), constant_values=255) for half in halves
    ]
    return np.concatenate(padded)


def _grid(*rows: Tensor) -> NDArray[np.uint8]:
    images = torch.cat(rows).clamp(-1, 1) / 2 + 0.5
    grid = make_grid(images, nrow=len(rows[0]), padding=GAP, pad_value=1.0)
    pixels: NDArray[np.uint8] = (grid * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    return pixels
