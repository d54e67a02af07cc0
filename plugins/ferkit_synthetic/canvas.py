"""An image that is painted in head coordinates and projected by the pose.

In head coordinates, x points to the right of the image, y down. The head's centre is at (0, 0), the chin near
y = 0.88, and the cheeks near x = ±0.62.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
"""Red, green, blue, from 0 to 255."""
Points = NDArray[np.float64]
"""(N, 2), x y."""

SUPERSAMPLING = 3
DEPTH = 0.5  # from the head's outline to the tip of the cheeks, in head coordinates


@dataclass(frozen=True, slots=True)
class Pose:
    """Pose of the head.

    Attributes:
        yaw: Radians.
        pitch: Radians.
        roll: Radians.
        scale: Half image sides per unit.
        shift: Shift to the right and down, in half image sides.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    scale: float = 0.75
    shift: tuple[float, float] = (0.0, 0.05)

    def project(self, points: Points, lift: float | None) -> Points:
        """Project points (N, 2) from head coordinates to −1..1 of the image.

        `lift` is their distance from the face, None for points in the plane of the ears.
        """
        x, y = points[:, 0], points[:, 1]
        inside = np.clip(1 - (x / 0.68) ** 2 - (y / 0.95) ** 2, 0, 1)
        z = np.zeros(len(x)) if lift is None else DEPTH * np.sqrt(inside) + lift
        turned_x = x * math.cos(self.yaw) + z * math.sin(self.yaw)
        turned_y = y * math.cos(self.pitch) + z * math.sin(self.pitch)
        cos, sin = math.cos(self.roll), math.sin(self.roll)
        rolled = np.stack([cos * turned_x - sin * turned_y, sin * turned_x + cos * turned_y], axis=1)
        projected: Points = rolled * self.scale + np.array(self.shift)
        return projected


class Canvas:
    """A square image, painted with antialiasing and optional blur."""

    def __init__(self, background: Image.Image, pose: Pose) -> None:
        self.image = background
        self.pose = pose

    def paint(
        self,
        outline: Points,
        colour: Colour,
        opacity: float = 1.0,
        blur: float = 0.0,
        within: Points | None = None,
        lift: float | None = 0.0,
    ) -> None:
        """Fill a closed outline, optionally clipped to `within`; the blur is in head coordinates."""
        if opacity <= 0.01:
            return
        size = self.image.width
        outlines = [self._pixels(outline, lift)]
        if within is not None:
            outlines.append(self._pixels(within, lift))
        radius = blur * self.pose.scale * size / 2
        margin = 2.5 * radius + 2
        left, top = (max(0, math.floor(v - margin)) for v in outlines[0].min(axis=0))
        right, bottom = (min(size, math.ceil(v + margin)) for v in outlines[0].max(axis=0))
        if right <= left or bottom <= top:
            return
        corner, extent = (left, top), (right - left, bottom - top)
        mask = _mask(outlines[0] - corner, extent, opacity)
        if radius > 0.3:
            mask = mask.filter(ImageFilter.GaussianBlur(radius))
        if within is not None:
            mask = ImageChops.multiply(mask, _mask(outlines[1] - corner, extent))
        self.image.paste(colour, (left, top, right, bottom), mask)

    def line(
        self,
        points: Sequence[tuple[float, float]] | Points,
        colour: Colour,
        width: float,
        opacity: float = 1.0,
        blur: float = 0.0,
        lift: float | None = 0.0,
    ) -> None:
        """Draw a smooth line through the points, thinner at its ends; the width is in head coordinates."""
        self.paint(stroke(points, width), colour, opacity, blur, lift=lift)

    def _pixels(self, points: Points, lift: float | None) -> Points:
        return (self.pose.project(points, lift) + 1) * (self.image.width / 2)


def _mask(pixels: Points, size: tuple[int, int], opacity: float = 1.0) -> Image.Image:
    width, height = size
    large = Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))
    ImageDraw.Draw(large).polygon(
        (pixels * SUPERSAMPLING).ravel().tolist(), fill=round(255 * min(1.0, opacity))
    )
    return large.reduce(SUPERSAMPLING)


def curve(points: Sequence[tuple[float, float]] | Points, is_closed: bool = False, steps: int = 8) -> Points:
    """Return a Catmull-Rom spline through the points."""
    knots = np.asarray(points, dtype=np.float64)
    padded = np.concatenate([knots[-1:], knots, knots[:2]] if is_closed else [knots[:1], knots, knots[-1:]])
    a, b, c, d = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    pieces = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    smooth: Points = pieces.reshape(-1, 2)
    return smooth if is_closed else np.concatenate([smooth, knots[-1:]])


def stroke(points: Sequence[tuple[float, float]] | Points, width: float) -> Points:
    """Return the outline of a brush stroke along a smooth line, widest in the middle."""
    centre = curve(points)
    along = np.gradient(centre, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    half = 0.5 * width * (0.25 + 0.75 * np.sin(np.linspace(0, np.pi, len(centre))))[:, None]
    return np.concatenate([centre + normal * half, (centre - normal * half)[::-1]])


def ellipse(x: float, y: float, half_width: float, half_height: float) -> Points:
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return np.stack([x + half_width * np.cos(angle), y + half_height * np.sin(angle)], axis=1)


def mix(first: Colour, second: Colour, fraction: float) -> Colour:
    """Mix two colours; `fraction` is that of the second, from 0 to 1."""
    red, green, blue = (
        min(255, max(0, round(a + (b - a) * fraction))) for a, b in zip(first, second, strict=True)
    )
    return red, green, blue
