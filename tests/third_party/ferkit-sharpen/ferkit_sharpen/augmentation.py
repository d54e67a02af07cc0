"""An unsharp mask."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter


class SharpenAugmentation:
    """Add the difference between an image and its blurred copy, times a random factor.

    Args:
        strength: Largest factor, 0 or more.
        radius: Radius of the blur, in pixels, above 0.
        p: Probability of the transformation, 0 to 1.
    """

    def __init__(self, strength: float = 1.0, radius: float = 1.0, p: float = 0.5) -> None:
        if strength < 0:
            raise ValueError(f"strength: expected 0 or more, got {strength:g}")
        if radius <= 0:
            raise ValueError(f"radius: expected a number above 0, got {radius:g}")
        if not 0 <= p <= 1:
            raise ValueError(f"p: expected a probability from 0 to 1, got {p:g}")
        self.strength = strength
        self.radius = radius
        self.p = p

    def __call__(self, images: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """Transform an image (H, W, 3) uint8 RGB. The same seed gives the same result."""
        generator = np.random.default_rng(seed)
        if generator.random() >= self.p:
            return images
        blurred = np.asarray(Image.fromarray(images).filter(ImageFilter.GaussianBlur(self.radius)))
        detail = images.astype(float) - blurred
        return (images + generator.uniform(0, self.strength) * detail).round().clip(0, 255).astype(np.uint8)
