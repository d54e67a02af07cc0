"""Faces as tensors, and the classes of the source's faces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as transforms

from ferkit.plugin import DataError, Face
from ferkit_cycleat.options import Color


def to_pixels(faces: Sequence[Face], side: int, color: Color = "rgb") -> Tensor:
    """Resize faces to squares, (N, 3, side, side) uint8; grey with three equal channels. No label is read."""
    pixels = torch.empty(len(faces), 3, side, side, dtype=torch.uint8)
    for place, face in enumerate(faces):
        # A copy: torch warns about read-only arrays.
        image = torch.from_numpy(np.array(face.image)).permute(2, 0, 1)
        if color == "grey":
            image = transforms.rgb_to_grayscale(image, num_output_channels=3)
        pixels[place] = transforms.resize(image, [side, side], antialias=True)
    return pixels


def match_labels(source: Sequence[Face], labels: Sequence[str]) -> tuple[list[Face], Tensor, list[str]]:
    """Return the source's faces with the target's labels, their classes (N,) int64, and warnings.

    Raises:
        DataError: The source lacks a label.
    """
    found = sorted({face.sample.label for face in source})
    if len(found) < 2:
        what = f"{len(source)} faces, all labelled {found[0]!r}" if found else "no faces"
        raise DataError(
            f"estimator.source: expected labelled faces of every class of the target ({', '.join(labels)}), "
            f"got {what}. Use a data set that has all classes."
        )
    if lacking := [label for label in labels if label not in found]:
        raise DataError(
            f"estimator.source: no faces labelled {', '.join(lacking)}. The source has {', '.join(found)}; "
            f"the target has {', '.join(labels)}. Use a source that has all classes, or map its labels to "
            "the target's."
        )
    kept = [face for face in source if face.sample.label in labels]
    warnings = []
    if further := [label for label in found if label not in labels]:
        warnings.append(
            f"{len(source) - len(kept)} of the source's {len(source)} faces were skipped: the target has no "
            f"label {', '.join(further)}."
        )
    return kept, torch.tensor([labels.index(face.sample.label) for face in kept]), warnings
