"""Proportions of MTCNN's boxes, for models that were developed with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ferkit_detectors.blazeface.decode import Boxes


@dataclass(frozen=True, slots=True)
class Frame:
    """The shape of other boxes of the same faces.

    Attributes:
        width: In widths of the given box.
        height: In heights of the given box.
        higher: Distance of the centre above that of the given box, in its heights.
    """

    width: float
    height: float
    higher: float

    def reshape(self, boxes: Boxes) -> Boxes:
        """Reshape boxes (N, 4) `x0 y0 x1 y1` around their centres."""
        sizes = boxes[:, 2:] - boxes[:, :2]
        centres = (boxes[:, 2:] + boxes[:, :2]) / 2 - sizes * (0, self.higher)
        halves = sizes * (self.width, self.height) / 2
        return np.concatenate([centres - halves, centres + halves], axis=1)


FRAMES: Mapping[str, Frame] = {
    "full": Frame(0.79, 1.14, 0.06),
    "full_sparse": Frame(0.79, 1.14, 0.06),
    "back": Frame(0.86, 1.25, 0.10),
    "short": Frame(0.86, 1.25, 0.10),
}
"""Network -> MTCNN's boxes relative to its own. See decision 78."""
