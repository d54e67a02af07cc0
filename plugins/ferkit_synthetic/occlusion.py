"""Objects that cover a part of some faces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ferkit_synthetic.canvas import Canvas, Colour, ellipse, mix
from ferkit_synthetic.eyes import EYE_Y
from ferkit_synthetic.person import Person

FRAMES: tuple[Colour, ...] = ((28, 24, 26), (84, 52, 34), (120, 116, 112), (60, 30, 44))


def cover(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Draw one of `COVERS` in front of the face, or nothing, which is most likely."""
    chance = rng.random()
    for upper, draw in COVERS:
        if chance < upper:
            draw(canvas, person, rng)
            return


def _draw_glasses(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    _draw_frame(canvas, person, rng, opacity=0.06)


def _draw_sunglasses(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    _draw_frame(canvas, person, rng, opacity=0.92)


def _draw_frame(canvas: Canvas, person: Person, rng: np.random.Generator, opacity: float) -> None:
    frame = FRAMES[int(rng.integers(len(FRAMES)))]
    x, half_width, half_height = 0.27 * person.eye_spacing, 0.185, float(rng.uniform(0.12, 0.16))
    for side in (-1, 1):
        lens = ellipse(side * x, EYE_Y + 0.02, half_width, half_height)
        hole = ellipse(side * x, EYE_Y + 0.02, half_width - 0.016, half_height - 0.016)
        canvas.paint(lens, (34, 34, 42), opacity, lift=0.08)
        canvas.paint(np.concatenate([lens, lens[:1], hole[:1], hole[::-1]]), frame, lift=0.08)
        arm = [(side * (x + half_width), EYE_Y), (side * 0.63, EYE_Y - 0.02)]
        canvas.line(arm, frame, 0.03, lift=0.02)
    bridge = [(half_width - x, EYE_Y), (0, EYE_Y - 0.025), (x - half_width, EYE_Y)]
    canvas.line(bridge, frame, 0.03, lift=0.1)


def _draw_lock(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    side = 1 if rng.random() < 0.5 else -1
    for offset in np.linspace(-0.06, 0.06, 5):
        end = float(rng.uniform(-0.1, 0.15))
        lock = [(side * 0.12, -0.85), (side * (0.34 + offset), -0.5), (side * (0.45 + offset), end)]
        canvas.line(lock, person.hair, 0.06, 0.95, lift=0.04)


def _draw_hand(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    side = 1 if rng.random() < 0.5 else -1
    x, y = side * float(rng.uniform(0.4, 0.55)), float(rng.uniform(0.72, 0.88))
    skin = mix(person.skin, person.shadow, 0.12)
    edge = mix(skin, person.shadow, 0.5)
    end = x + 0.2 * side
    wrist = np.array([(x - 0.14, y), (x + 0.14, y), (end + 0.12, 1.8), (end - 0.12, 1.8)])
    canvas.paint(wrist, skin, lift=None)
    canvas.paint(ellipse(x, y + 0.08, 0.21, 0.22), skin, lift=None)
    for finger, length in enumerate((0.27, 0.33, 0.36, 0.3)):
        root = x + side * (0.15 - 0.1 * finger)
        bones = [(root, y + 0.06), (root - 0.02 * side, y - length / 2), (root - 0.05 * side, y - length)]
        canvas.line(bones, edge, 0.125, lift=None)
        canvas.line(bones, skin, 0.105, lift=None)


COVERS: tuple[tuple[float, Callable[[Canvas, Person, np.random.Generator], None]], ...] = (
    (0.10, _draw_glasses),
    (0.12, _draw_sunglasses),
    (0.17, _draw_lock),
    (0.22, _draw_hand),
)
"""Cumulative probabilities and drawing functions."""
