"""Wrong descriptors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.testing.wrong.case import fails
from tests.testing.wrong.right import RightDescriptor

Array = NDArray[np.float64]


@fails("descriptor", "gives_a_row_of_finite_numbers")
class KeepsTwoDimensions(RightDescriptor):
    def __call__(self, image: Array) -> Array:
        return super().__call__(image).reshape(2, -1)


@fails("descriptor", "has_one_length_for_a_size")
class CountsWhatIsThere(RightDescriptor):
    def __call__(self, image: Array) -> Array:
        return np.unique(image).astype(float)


@fails("descriptor", "describes_a_flat_image")
class DividesByTheDeviation(RightDescriptor):
    def __call__(self, image: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return super().__call__(image) / image.std()


@fails("descriptor", "tells_images_apart")
class IsBlind(RightDescriptor):
    def __call__(self, image: Array) -> Array:
        return np.ones(self.bins)


@fails("descriptor", "describes_alike_each_time")
class DrawsLots(RightDescriptor):
    def __call__(self, image: Array) -> Array:
        return super().__call__(image) + np.random.default_rng().random(self.bins)


@fails("descriptor", "leaves_the_image_alone")
class StretchesTheImage(RightDescriptor):
    def __call__(self, image: Array) -> Array:
        image /= 2
        return super().__call__(image)


@fails("descriptor", "refuses_a_tiny_image_in_words")
class StumblesOverAPixel(RightDescriptor):
    def __call__(self, image: Array) -> Array:
        return super().__call__(image) + 0 * image[4, 4]


@fails("descriptor", "signs_with_every_option")
class ForgetsAnOption(RightDescriptor):
    def __init__(self, bins: int = 8, scale: float = 1.0) -> None:
        super().__init__(bins, scale)
        self.signature = f"histogram 1 bins={bins}"
