"""Pose, light and background of a face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from ferkit_synthetic.canvas import Colour, Pose, mix


@dataclass(frozen=True, slots=True)
class Light:
    """Light and camera.

    Attributes:
        side: Direction, from −1 (left) to 1 (right).
        brightness: Factor of all pixels.
        gains: Factors of red, green and blue.
        noise: Standard deviation, in levels from 0 to 255.
        blur: Radius of the blur, in pixels of a 160-pixel image.
    """

    side: float
    brightness: float
    gains: tuple[float, float, float]
    noise: float
    blur: float


def sample_pose(rng: np.random.Generator) -> Pose:
    yaw, pitch, roll = rng.normal(0, (0.12, 0.07, 0.06))
    shift = rng.normal(0, 0.025, 2)
    return Pose(
        yaw=float(np.clip(yaw, -0.4, 0.4)),
        pitch=float(np.clip(pitch, -0.2, 0.2)),
        roll=float(np.clip(roll, -0.25, 0.25)),
        scale=float(rng.uniform(0.84, 0.97)),
        shift=(float(shift[0]), float(shift[1]) + 0.06),
    )


def sample_light(rng: np.random.Generator) -> Light:
    warmth = float(rng.normal(0, 0.05))
    return Light(
        side=float(rng.uniform(-1, 1)),
        brightness=float(rng.uniform(0.72, 1.06)),
        gains=(1 + warmth, 1 + float(rng.normal(0, 0.015)), 1 - warmth),
        noise=float(rng.uniform(0.5, 4)),
        blur=float(max(0.0, rng.uniform(-0.8, 0.8))),
    )


def draw_background(size: int, rng: np.random.Generator) -> Image.Image:
    """Draw blurred shapes on a gradient: (size, size) RGB."""
    first, second = (_any_colour(rng) for _ in range(2))
    small = Image.new("RGB", (40, 40), first)
    draw = ImageDraw.Draw(small)
    for row in range(40):
        draw.line((0, row, 40, row), fill=mix(first, second, row / 40))
    for _ in range(int(rng.integers(2, 7))):
        x, y, width, height = (float(v) for v in rng.uniform((-8, -8, 6, 6), (40, 40, 28, 28)))
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((x, y, x + width, y + height), fill=mix(first, _any_colour(rng), 0.6))
    blurred = small.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 2.5))))
    return blurred.resize((size, size), Image.Resampling.BICUBIC)


def _any_colour(rng: np.random.Generator) -> Colour:
    grey = rng.uniform(30, 220)
    red, green, blue = (round(float(v)) for v in np.clip(grey + rng.normal(0, 28, 3), 0, 255))
    return red, green, blue


def expose(image: Image.Image, light: Light, rng: np.random.Generator) -> Image.Image:
    """Apply light, blur and noise to the painted image."""
    if light.blur > 0.1:
        image = image.filter(ImageFilter.GaussianBlur(light.blur * image.width / 160))
    pixels = np.asarray(image, dtype=np.float32)
    across = np.linspace(-1, 1, image.width, dtype=np.float32)[None, :, None]
    gains = np.asarray(light.gains, dtype=np.float32) * light.brightness
    lit = pixels * (1 + 0.18 * light.side * across) * gains
    noise = rng.standard_normal(pixels.shape[:2], dtype=np.float32)[:, :, None] * light.noise
    return Image.fromarray(np.clip(lit + noise, 0, 255).astype(np.uint8))
