"""The drawing of a face from back to front."""

from __future__ import annotations

import numpy as np

from ferkit_synthetic.action_units import Units
from ferkit_synthetic.canvas import Canvas, Points, curve, ellipse, mix
from ferkit_synthetic.eyes import draw_eyes
from ferkit_synthetic.hair import draw_back_hair, draw_beard, draw_front_hair
from ferkit_synthetic.mouth import JAW_DROP, draw_mouth, shape_lips
from ferkit_synthetic.person import Person


def draw_face(
    canvas: Canvas,
    person: Person,
    units: Units,
    light: float,
    gaze: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """Paint the head, from shoulders to hair.

    Args:
        canvas: The image.
        person: The person.
        units: Intensities of the action units.
        light: Direction of the light, from −1 (left) to 1 (right).
        gaze: Position of the pupils, from −1 to 1, right and down.
        rng: Random numbers for the hair.
    """
    outline = face_outline(person, units)
    draw_back_hair(canvas, person)
    _draw_body(canvas, person)
    _draw_skin(canvas, person, outline, light)
    draw_beard(canvas, person, JAW_DROP * units[26], outline)
    _draw_forehead(canvas, person, units)
    _draw_cheeks(canvas, person, units)
    _draw_nose(canvas, person, units, light)
    draw_eyes(canvas, person, units, gaze)
    draw_mouth(canvas, person, units)
    _draw_chin(canvas, person, units)
    draw_front_hair(canvas, person, rng)


def face_outline(person: Person, units: Units) -> Points:
    drop = JAW_DROP * units[26] - 0.015 * units[17]
    width, jaw = 0.62 * person.face_width, 0.62 * person.jaw_width
    half = [
        (0.0, -0.88),
        (0.55 * width, -0.79),
        (0.9 * width, -0.52),
        (width, -0.15),
        (0.97 * width, 0.18),
        (0.88 * jaw, 0.45 + 0.3 * drop),
        (0.66 * jaw, 0.67 + 0.8 * drop),
        (0.32 * jaw, 0.84 + drop),
        (0.0, 0.88 + drop),
    ]
    return curve([*half, *[(-x, y) for x, y in half[-2:0:-1]]], is_closed=True)


def _draw_body(canvas: Canvas, person: Person) -> None:
    dark = mix(person.skin, person.shadow, 0.45)
    neck = [(-0.38, 0.4), (0.38, 0.4), (0.4, 1.0), (0.6, 1.5), (-0.6, 1.5), (-0.4, 1.0)]
    canvas.paint(np.array(neck), dark, lift=None)
    cloth = [(-0.44, 0.98), (-1.1, 1.14), (-1.5, 2.6), (1.5, 2.6), (1.1, 1.14), (0.44, 0.98), (0.0, 1.2)]
    canvas.paint(curve(np.array(cloth), is_closed=True), person.cloth, lift=None)
    for side in (-1, 1):
        ear = ellipse(side * 0.63 * person.face_width, 0.04, 0.075, 0.16)
        canvas.paint(ear, mix(person.skin, person.shadow, 0.2), lift=None)
        canvas.paint(ear * (1, 0.6) + (0, 0.02), person.shadow, 0.25, blur=0.02, within=ear, lift=None)


def _draw_skin(canvas: Canvas, person: Person, outline: Points, light: float) -> None:
    canvas.paint(outline, person.skin)
    rim = np.concatenate([outline * 1.3, outline[:1] * 1.3, outline[:1], outline[::-1]])
    canvas.paint(rim, person.shadow, 0.5, blur=0.09, within=outline)
    side = 1 if light < 0 else -1
    far = ellipse(side * 0.6, 0.1, 0.3, 0.95)
    canvas.paint(far, person.shadow, 0.6 * abs(light), blur=0.14, within=outline)
    for x, y, half_width, half_height in ((-0.12 * side, -0.42, 0.3, 0.14), (-0.32 * side, 0.2, 0.14, 0.12)):
        canvas.paint(ellipse(x, y, half_width, half_height), person.light, 0.5, blur=0.08, within=outline)
    for cheek in (-0.36, 0.36):
        canvas.paint(ellipse(cheek, 0.24, 0.14, 0.1), mix(person.skin, (206, 84, 74), 0.5), 0.3, blur=0.06)


def _draw_forehead(canvas: Canvas, person: Person, units: Units) -> None:
    raised = min(1.0, 0.55 * units[1] + 0.55 * units[2])
    for row in range(3):
        y = -0.4 - 0.065 * row
        bend = 0.03 if units[2] > 0.3 else -0.02
        crease = np.array([(-0.3, y + bend), (-0.12, y), (0.12, y), (0.3, y + bend)])
        canvas.line(crease, person.shadow, 0.016, 0.6 * raised + 0.2 * person.age * (row < 2), blur=0.004)
    frown = units[4]
    for side in (-1, 1):
        furrow = np.array([(side * 0.045, -0.28), (side * 0.038, -0.2), (side * 0.048, -0.13)])
        canvas.line(furrow, person.shadow, 0.022, 0.8 * frown + 0.1 * person.age, blur=0.004)
    canvas.paint(ellipse(0, -0.2, 0.1, 0.06), person.shadow, 0.25 * frown, blur=0.03)


def _draw_cheeks(canvas: Canvas, person: Person, units: Units) -> None:
    lips = shape_lips(person, units)
    depth = 0.14 + 0.2 * person.age
    depth += 0.5 * max(units[12], 0.9 * units[10], 0.6 * units[9], 0.35 * units[20], 0.3 * units[15])
    bulge = max(units[6], 0.8 * units[12], 0.6 * units[10])
    for side in (-1, 1):
        x = side * (lips.half_width + 0.055)
        wing = side * 0.125 * person.nose_width
        top = 0.23 - 0.04 * units[9] - 0.02 * units[10]
        fold = np.array([(wing, top), ((wing + x) / 2 + side * 0.035, 0.31), (x, lips.corner - 0.02)])
        canvas.line(fold, person.shadow, 0.024, depth, blur=0.006)
        canvas.paint(ellipse(side * 0.36, 0.16, 0.13, 0.08), person.light, 0.55 * bulge, blur=0.045)
        canvas.paint(ellipse(side * 0.36, 0.27, 0.13, 0.04), person.shadow, 0.25 * bulge, blur=0.04)


def _draw_nose(canvas: Canvas, person: Person, units: Units, light: float) -> None:
    half = 0.115 * person.nose_width * (1 + 0.14 * units[9] + 0.08 * units[10])
    base = 0.27 * person.nose_length - 0.035 * units[9] - 0.012 * units[10]
    side = 1 if light < 0 else -1
    bridge = [(side * 0.05, -0.08), (side * 0.065, 0.06), (side * 0.085, base - 0.06), (side * 0.12, base)]
    canvas.line(np.array(bridge), person.shadow, 0.07, 0.4, blur=0.022, lift=0.05)
    canvas.line(
        np.array([(-0.01 * side, -0.1), (-0.012 * side, base - 0.08)]),
        person.light,
        0.06,
        0.55,
        blur=0.02,
        lift=0.1,
    )
    canvas.paint(ellipse(0, base + 0.05, 0.8 * half, 0.022), person.shadow, 0.45, blur=0.02)
    canvas.paint(ellipse(-0.015 * side, base - 0.045, 0.035, 0.03), person.light, 0.6, blur=0.02, lift=0.14)
    for edge in (-1, 1):
        x = edge * half
        wing = [
            (0.8 * x, base - 0.075),
            (1.05 * x, base - 0.02),
            (0.85 * x, base + 0.02),
            (0.5 * x, base + 0.012),
        ]
        canvas.line(np.array(wing), person.shadow, 0.018, 0.75, blur=0.003, lift=0.05)
        nostril = ellipse(0.48 * x, base + 0.012, 0.034 * person.nose_width, 0.014)
        canvas.paint(nostril, mix(person.shadow, (30, 8, 8), 0.6), 0.9, blur=0.004, lift=0.07)
        for row in range(3):
            y = -0.08 + 0.05 * row
            wrinkle = np.array([(edge * 0.015, y - 0.012), (edge * 0.06, y + 0.005), (edge * 0.1, y + 0.045)])
            canvas.line(wrinkle, person.shadow, 0.018, 0.75 * units[9], blur=0.003, lift=0.05)
    philtrum = np.array([(0, base + 0.05), (0, shape_lips(person, units).upper_top - 0.02)])
    canvas.line(philtrum, person.shadow, 0.03, 0.2, blur=0.01)


def _draw_chin(canvas: Canvas, person: Person, units: Units) -> None:
    y = 0.74 + 0.9 * JAW_DROP * units[26] - 0.03 * units[17]
    canvas.paint(
        ellipse(0, y, 0.12, 0.06), person.light, 0.3 * (person.beard in ("none", "moustache")), blur=0.04
    )
    for x in (-0.06, 0.0, 0.06):
        canvas.paint(ellipse(x, y - 0.02, 0.018, 0.022), person.shadow, 0.35 * units[17], blur=0.008)
