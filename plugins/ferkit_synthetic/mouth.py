"""The mouth: action units 10, 12, 15, 17, 20, 23, 25 and 26."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferkit_synthetic.action_units import Units
from ferkit_synthetic.canvas import Canvas, Colour, Points, curve, ellipse, mix
from ferkit_synthetic.person import Person

MOUTH_Y = 0.47
JAW_DROP = 0.16
INSIDE: Colour = (66, 20, 24)
TEETH: Colour = (236, 230, 218)
TONGUE: Colour = (176, 84, 86)


@dataclass(frozen=True, slots=True)
class Lips:
    """Half the mouth's width, the height of its corners, and the heights of the lips' edges in its middle."""

    half_width: float
    corner: float
    upper_top: float
    upper_edge: float
    lower_edge: float
    lower_bottom: float
    squareness: float


def shape_lips(person: Person, units: Units) -> Lips:
    """Return the lips as the action units shape them."""
    drop = JAW_DROP * units[26]
    middle = MOUTH_Y - 0.02 * units[17] + 0.012 * units[12]
    opening = max(0.0, 1.35 * drop + 0.06 * units[25] + 0.02 * units[10] * units[25])
    thickness = person.lip_fullness * (1 - 0.62 * units[23]) * (1 - 0.35 * units[20]) * (1 - 0.2 * units[12])
    upper_edge = middle - 0.25 * opening - 0.04 * units[10]
    lower_edge = max(upper_edge + opening, upper_edge)
    return Lips(
        half_width=0.22
        * person.mouth_width
        * (1 + 0.3 * units[12] + 0.32 * units[20] - 0.14 * units[23] - 0.24 * units[26] - 0.08 * units[17]),
        corner=MOUTH_Y
        - 0.105 * units[12]
        + 0.09 * units[15]
        + 0.03 * units[20]
        + 0.45 * drop
        + 0.012 * units[10],
        upper_top=upper_edge - 0.042 * thickness,
        upper_edge=upper_edge,
        lower_edge=lower_edge,
        lower_bottom=lower_edge + 0.056 * thickness + 0.012 * units[17],
        squareness=0.35 + 0.3 * units[10] + 0.15 * units[20] + 0.2 * units[12],
    )


def _edge(lips: Lips, height: float, bow: float = 0.0) -> Points:
    """Return one edge of a lip from the left corner to the right; `bow` is the depth of the cupid's bow."""
    quarter = lips.corner + (height - lips.corner) * (0.45 + 0.4 * lips.squareness)
    half = [(0.62 * lips.half_width, quarter), (0.2 * lips.half_width, height - bow)]
    left = [(-lips.half_width, lips.corner), *[(-x, y) for x, y in half]]
    return curve([*left, (0.0, height), *half[::-1], (lips.half_width, lips.corner)])


def draw_mouth(canvas: Canvas, person: Person, units: Units) -> None:
    lips = shape_lips(person, units)
    upper_top = _edge(lips, lips.upper_top, bow=0.01 * person.lip_fullness)
    upper_edge, lower_edge = _edge(lips, lips.upper_edge), _edge(lips, lips.lower_edge)
    lower_bottom = _edge(lips, lips.lower_bottom)
    canvas.paint(
        ellipse(0, lips.lower_bottom + 0.045, 0.5 * lips.half_width, 0.022), person.shadow, 0.4, blur=0.018
    )
    canvas.paint(
        np.concatenate([upper_top, lower_bottom[::-1]]), mix(person.lip, person.shadow, 0.1), blur=0.004
    )
    lower = np.concatenate([lower_edge, lower_bottom[::-1]])
    canvas.paint(lower, mix(person.lip, (255, 214, 206), 0.1))
    shine = ellipse(0.02, (lips.lower_edge + lips.lower_bottom) / 2, 0.3 * lips.half_width, 0.012)
    canvas.paint(shine, (255, 235, 230), 0.35, blur=0.01, within=lower)
    if lips.lower_edge - lips.upper_edge > 0.012:
        _draw_inside(canvas, lips, np.concatenate([upper_edge, lower_edge[::-1]]))
    else:
        canvas.line(upper_edge[::4], mix(person.lip, (36, 10, 14), 0.72), 0.02)
    for side in (-1, 1):
        x = side * (lips.half_width + 0.005)
        depth = 0.25 + 0.4 * max(units[12], units[15], units[20])
        canvas.paint(ellipse(x, lips.corner, 0.022, 0.02), person.shadow, depth, blur=0.012)


def _draw_inside(canvas: Canvas, lips: Lips, outline: Points) -> None:
    opening = lips.lower_edge - lips.upper_edge
    canvas.paint(outline, INSIDE)
    tongue = ellipse(0, lips.lower_edge + 0.01, 0.6 * lips.half_width, 0.38 * opening)
    canvas.paint(tongue, TONGUE, 0.85, blur=0.012, within=outline)
    bottom = max(lips.upper_edge, lips.corner) * 0.3 + 0.7 * lips.upper_edge
    teeth = [
        (-0.8 * lips.half_width, lips.upper_edge - 0.1),
        (0.8 * lips.half_width, lips.upper_edge - 0.1),
        (0.72 * lips.half_width, bottom + 0.02),
        (0.0, bottom + 0.045),
        (-0.72 * lips.half_width, bottom + 0.02),
    ]
    canvas.paint(curve(teeth, is_closed=True), TEETH, 0.95, within=outline)
    for x in np.arange(-3, 4) * 0.038:
        gap = np.array([(x, lips.upper_edge - 0.02), (x, bottom + 0.03)])
        canvas.line(gap, (150, 130, 120), 0.006, 0.35)
