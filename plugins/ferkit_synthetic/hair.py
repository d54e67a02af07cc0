"""Hair, head scarves and beards."""

from __future__ import annotations

import numpy as np

from ferkit_synthetic.canvas import Canvas, Points, curve, ellipse, mix
from ferkit_synthetic.person import Person


def draw_back_hair(canvas: Canvas, person: Person) -> None:
    """Draw the hair behind the head."""
    width = 0.62 * person.face_width
    dark = mix(person.hair, (0, 0, 0), 0.35)
    if person.hairstyle in ("long", "fringe"):
        half = [
            (0.0, -0.97),
            (0.75 * width, -0.87),
            (1.22 * width, -0.4),
            (1.32 * width, 0.3),
            (1.25 * width, 1.0),
        ]
        canvas.paint(_mirrored(half, (0.5 * width, 1.08)), dark, lift=None)
    elif person.hairstyle == "curly":
        angles = np.linspace(-0.15, np.pi + 0.15, 15)
        for angle in angles:
            x, y = 1.12 * width * np.cos(angle), -0.28 - 0.55 * np.sin(angle)
            canvas.paint(ellipse(x, y, 0.2, 0.2), mix(person.hair, dark, 0.5), lift=None)
    elif person.hairstyle == "bun":
        canvas.paint(ellipse(0, -1.0, 0.24, 0.2), dark, lift=None)
    elif person.hairstyle == "scarf":
        half = [
            (0.0, -1.0),
            (0.8 * width, -0.9),
            (1.25 * width, -0.35),
            (1.2 * width, 0.35),
            (1.5 * width, 1.3),
        ]
        canvas.paint(_mirrored(half, (0.5 * width, 1.6)), mix(person.cloth, (0, 0, 0), 0.2), lift=None)


def draw_front_hair(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Draw the hair on the forehead and around the face."""
    width = 0.62 * person.face_width
    if person.hairstyle == "bald":
        canvas.paint(ellipse(-0.12, -0.62, 0.16, 0.08), (255, 250, 240), 0.25, blur=0.06)
        return
    if person.hairstyle == "scarf":
        _draw_scarf(canvas, person, width)
        return
    sides = {"short": -0.16, "curly": -0.12, "long": 0.35, "fringe": 0.3, "bun": -0.12}[person.hairstyle]
    line = -0.34 if person.hairstyle == "fringe" else -0.56
    parting = 0.0 if person.hairstyle == "fringe" else 0.3 if person.hairstyle == "short" else 0.12
    outer = [(1.05, sides), (1.1, -0.35), (0.95, -0.68), (0.5, -0.92), (0.0, -0.97)]
    inner_right = [(0.9, -0.3), (0.78, line + 0.08), (parting + 0.05, line - 0.06)]
    inner_left = [(parting - 0.1, line - 0.03), (-0.5, line + 0.02), (-0.8, line + 0.1), (-0.9, -0.3)]
    right_edge = [(0.97, sides)] if sides < 0 else [(0.98, sides), (0.93, 0.0)]
    left_edge = [(-x, y) for x, y in right_edge[::-1]]
    ring = [*outer, *[(-x, y) for x, y in outer[-2::-1]], *left_edge, *inner_left[::-1]]
    ring += [*inner_right[::-1], *right_edge[::-1]]
    outline = curve([(x * width, y) for x, y in ring], is_closed=True, steps=4)
    canvas.paint(np.add(outline, (0, 0.03)), person.shadow, 0.35, blur=0.025, lift=0.0)
    canvas.paint(outline, person.hair, blur=0.004)
    for _ in range(7):
        x = rng.uniform(-0.85, 0.85) * width
        strand = curve([(0.4 * x + 0.1 * parting, -0.93), (0.85 * x, -0.78), (1.02 * x, line + 0.02)])
        tint = mix(person.hair, (255, 236, 210) if rng.random() < 0.5 else (0, 0, 0), 0.2)
        canvas.line(strand[::4], tint, 0.03, 0.6, blur=0.006)


def _draw_scarf(canvas: Canvas, person: Person, width: float) -> None:
    outer = [(0.0, -1.0), (0.7 * width, -0.93), (1.15 * width, -0.5), (1.2 * width, 0.1), (1.0 * width, 0.7)]
    inner = [
        (0.0, -0.56),
        (0.6 * width, -0.48),
        (0.93 * width, -0.15),
        (0.93 * width, 0.2),
        (0.62 * width, 0.68),
    ]
    for side in (-1, 1):
        half = [*outer, (0.3 * width, 1.1), (0.0, 1.12), (0.0, 0.93), *inner[::-1]]
        outline = np.array(half) * (side, 1)
        canvas.paint(outline, person.cloth, lift=None)
    edge = np.array([(-x, y) for x, y in inner[::-1]] + inner[1:])
    canvas.line(edge, mix(person.cloth, (0, 0, 0), 0.5), 0.03, 0.5, blur=0.01, lift=None)


def draw_beard(canvas: Canvas, person: Person, drop: float, within: Points) -> None:
    """Draw the beard; `drop` is how far the chin is lowered."""
    width = 0.62 * person.face_width
    if person.beard in ("stubble", "full"):
        half = [
            (0.0, 0.62),
            (0.3 * width, 0.6),
            (0.6 * width, 0.36),
            (0.95 * width, 0.05),
            (1.05 * width, 0.3),
        ]
        half += [(0.95 * width, 0.6 + drop), (0.5 * width, 0.86 + drop)]
        opacity = 0.22 if person.beard == "stubble" else 0.88
        canvas.paint(_mirrored(half, (0.1, 0.95 + drop)), person.hair, opacity, blur=0.025, within=within)
    if person.beard in ("moustache", "full"):
        half = [(0.0, 0.375), (0.12, 0.385), (0.24, 0.46), (0.235, 0.49), (0.12, 0.42)]
        canvas.paint(_mirrored(half, (0.02, 0.41)), person.hair, 0.85, blur=0.008, within=within)


def _mirrored(half: list[tuple[float, float]], last: tuple[float, float]) -> Points:
    """Return a closed outline from its right half, top to bottom."""
    right = [*half, last]
    return curve([*right, *[(-x, y) for x, y in right[::-1] if x > 0]], is_closed=True)
