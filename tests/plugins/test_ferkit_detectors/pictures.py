"""Pictures for the tests of detectors, from scikit-image's astronaut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.data import astronaut

ASTRONAUT = astronaut()


def group() -> NDArray[np.uint8]:
    """Six columns and three rows of the astronaut: faces of about 90 pixels in 1800 by 900."""
    return np.tile(ASTRONAUT[:300, 75:375], (3, 6, 1))
