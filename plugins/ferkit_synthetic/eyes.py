"""Eyes and brows: action units 1, 2, 4, 5, 6, 7, 9 and 64."""

from __future__ import annotations

import numpy as np

from ferkit_synthetic.action_units import Units
from ferkit_synthetic.canvas import Canvas, Colour, Points, curve, ellipse, mix
from ferkit_synthetic.person import Person

EYE_Y = -0.03
WHITE: Colour = (240, 237, 232)


def draw_eyes(canvas: Canvas, person: Person, units: Units, gaze: tuple[float, float]) -> None:
    """Draw eyes and brows; `gaze` is the position of the pupils, from −1 to 1, right and down."""
    for side in (-1, 1):
        _draw_socket(canvas, person, units, side)
        _draw_eye(canvas, person, units, side, gaze)
        _draw_brow(canvas, person, units, side)


def _draw_socket(canvas: Canvas, person: Person, units: Units, side: int) -> None:
    x = side * 0.27 * person.eye_spacing
    canvas.paint(ellipse(x, EYE_Y - 0.035, 0.15, 0.085), person.shadow, 0.3, blur=0.035)
    canvas.paint(ellipse(x, EYE_Y + 0.1, 0.12, 0.03), person.shadow, 0.1 + 0.18 * person.age, blur=0.02)
    for crease in range(2):
        level = 0.06 + 0.035 * crease
        pouch = [(x - 0.1 * side, EYE_Y + level), (x, EYE_Y + level + 0.035), (x + 0.1 * side, EYE_Y + level)]
        strength = max(units[6], 0.7 * units[9], 0.5 * units[7]) * (0.55 - 0.25 * crease)
        canvas.line(np.array(pouch), person.shadow, 0.014, strength, blur=0.004)
        outer = x + side * 0.145
        foot = [(outer, EYE_Y + 0.03 * crease), (outer + 0.07 * side, EYE_Y - 0.03 + 0.09 * crease)]
        canvas.line(np.array(foot), person.shadow, 0.012, 0.5 * units[6] + 0.15 * person.age, blur=0.004)


def eye_outline(person: Person, units: Units, side: int) -> Points:
    """Return the outline of the opening between the lids."""
    half = 0.122 * person.eye_size
    squint = 0.3 * units[7] + 0.28 * units[6] + 0.3 * units[9]
    upper = (
        0.064 * person.eye_size * max(0.25, 1 + 0.6 * units[5] - squint - 0.4 * units[64] - 0.1 * units[4])
    )
    lower = 0.042 * person.eye_size * max(0.2, 1 + 0.3 * units[5] - 1.5 * squint)
    along = np.linspace(0, np.pi, 14)
    u = -half * np.cos(along)
    tilt = -person.eye_tilt * u / half
    top = np.stack([u, tilt - upper * np.sin(along) ** 0.85], axis=1)
    bottom = np.stack([u, tilt + lower * np.sin(along) ** 0.9], axis=1)[::-1]
    outline = np.concatenate([top, bottom[1:-1]])
    return outline * (side, 1) + (side * 0.27 * person.eye_spacing, EYE_Y)


def _draw_eye(canvas: Canvas, person: Person, units: Units, side: int, gaze: tuple[float, float]) -> None:
    outline = eye_outline(person, units, side)
    lash = mix(person.hair, (20, 14, 14), 0.7)
    canvas.paint(outline, WHITE)
    x = side * 0.27 * person.eye_spacing + 0.035 * gaze[0]
    y = EYE_Y - 0.006 + 0.012 * gaze[1] + 0.035 * units[64]
    radius = 0.06 * person.eye_size
    canvas.paint(ellipse(x, y, radius, radius), mix(person.iris, (10, 8, 8), 0.55), within=outline)
    canvas.paint(ellipse(x, y, radius * 0.82, radius * 0.82), person.iris, within=outline)
    canvas.paint(ellipse(x, y, radius * 0.45, radius * 0.45), (12, 10, 12), within=outline)
    canvas.paint(np.add(outline[:14], (0, 0.012)), (40, 26, 26), 0.35, blur=0.012, within=outline)
    canvas.paint(ellipse(x - 0.02, y - 0.022, 0.013, 0.013), (255, 255, 255), 0.95, within=outline)
    canvas.line(outline[:14:2], lash, 0.024)
    canvas.line(np.concatenate([outline[14:], outline[:1]])[::3], person.shadow, 0.011, 0.7)
    crease = np.add(outline[1:13:2], (0, -0.026 - 0.01 * (1 - units[4])))
    canvas.line(crease, person.shadow, 0.012, 0.65 * (1 - 0.5 * units[5]), blur=0.003)


def _draw_brow(canvas: Canvas, person: Person, units: Units, side: int) -> None:
    lift = person.brow_height
    inner = -0.185 + lift - 0.1 * units[1] + 0.085 * units[4] * (1 - 0.6 * units[1]) + 0.05 * units[9]
    middle = -0.225 + lift - 0.045 * units[1] - 0.085 * units[2] + 0.06 * units[4] + 0.035 * units[9]
    outer = -0.175 + lift - 0.1 * units[2] + 0.01 * units[4] + 0.02 * units[1] * (1 - units[2])
    start = 0.125 - 0.04 * units[4] - 0.01 * units[9]
    shape = curve([(start, inner), (0.2, (inner + middle) / 2 - 0.008), (0.31, middle), (0.43, outer)])
    taper = np.interp(np.linspace(0, 1, len(shape)), [0, 0.12, 0.55, 1], [0.6, 1.0, 0.85, 0.15])
    half = np.stack([np.zeros(len(shape)), 0.026 * person.brow_thickness * taper], axis=1)
    outline = np.concatenate([shape - half, (shape + half)[::-1]]) * (side, 1)
    colour = mix(person.hair, (30, 22, 20), 0.25)
    canvas.paint(np.add(outline, (0, 0.02)), person.shadow, 0.25, blur=0.02)
    canvas.paint(outline, colour, 0.9, blur=0.006)
