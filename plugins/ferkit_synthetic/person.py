"""Persons: the properties that all images of a person share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import numpy as np

from ferkit_synthetic.canvas import Colour, mix

Hairstyle = Literal["short", "bald", "long", "curly", "fringe", "bun", "scarf"]
T = TypeVar("T")
Beard = Literal["none", "stubble", "moustache", "full"]

SKIN: tuple[Colour, ...] = (
    (250, 224, 206),
    (240, 204, 178),
    (228, 184, 150),
    (206, 156, 118),
    (172, 120, 86),
    (136, 90, 62),
    (102, 66, 47),
    (74, 48, 37),
)
DARK_HAIR: tuple[Colour, ...] = ((24, 20, 20), (38, 28, 24), (58, 40, 30))
LIGHT_HAIR: tuple[Colour, ...] = ((92, 60, 38), (128, 66, 36), (196, 160, 100), (160, 120, 72))
GREY_HAIR: tuple[Colour, ...] = ((150, 148, 146), (206, 204, 200))
DARK_IRIS: tuple[Colour, ...] = ((54, 34, 22), (78, 50, 28), (40, 26, 20))
LIGHT_IRIS: tuple[Colour, ...] = ((84, 120, 150), (92, 116, 80), (110, 84, 48))
CLOTH: tuple[Colour, ...] = (
    (46, 70, 112),
    (140, 50, 56),
    (62, 98, 80),
    (206, 198, 184),
    (52, 50, 58),
    (176, 130, 60),
    (112, 84, 128),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Colours, sizes as factors of the average face, and the age from 0 (young) to 1 (old)."""

    skin: Colour
    hair: Colour
    iris: Colour
    cloth: Colour
    hairstyle: Hairstyle
    beard: Beard
    age: float
    face_width: float
    jaw_width: float
    eye_spacing: float
    eye_size: float
    eye_tilt: float
    brow_thickness: float
    brow_height: float
    nose_width: float
    nose_length: float
    mouth_width: float
    lip_fullness: float

    @property
    def lip(self) -> Colour:
        return mix(self.skin, (158, 52, 62), 0.42)

    @property
    def shadow(self) -> Colour:
        return mix(self.skin, (48, 18, 16), 0.62)

    @property
    def light(self) -> Colour:
        return mix(self.skin, (255, 246, 232), 0.5)


def sample_person(rng: np.random.Generator) -> Person:
    """Draw a person at random: any human skin tone, with matching hair and eyes."""
    tone = rng.uniform(0, len(SKIN) - 1.001)
    skin = mix(SKIN[int(tone)], SKIN[int(tone) + 1], tone % 1)
    is_light = tone < 3.2
    age = float(rng.beta(1.2, 1.8))
    hairs = GREY_HAIR if rng.random() < age - 0.35 else DARK_HAIR
    if is_light and hairs is DARK_HAIR and rng.random() < 0.6:
        hairs = LIGHT_HAIR
    irises = LIGHT_IRIS if is_light and rng.random() < 0.55 else DARK_IRIS
    has_beard = rng.random() < 0.35
    styles: tuple[Hairstyle, ...] = ("short", "bald", "curly", "short") if has_beard else get_args(Hairstyle)
    beards: tuple[Beard, ...] = ("stubble", "moustache", "full") if has_beard else ("none",)
    return Person(
        skin=skin,
        hair=_pick(rng, hairs),
        iris=_pick(rng, irises),
        cloth=_pick(rng, CLOTH),
        hairstyle=_pick(rng, styles),
        beard=_pick(rng, beards),
        age=age,
        face_width=float(rng.uniform(0.92, 1.08)),
        jaw_width=float(rng.uniform(0.86, 1.1)),
        eye_spacing=float(rng.uniform(0.93, 1.07)),
        eye_size=float(rng.uniform(0.9, 1.12)),
        eye_tilt=float(rng.uniform(-0.005, 0.03)),
        brow_thickness=float(rng.uniform(0.7, 1.4)),
        brow_height=float(rng.uniform(-0.02, 0.02)),
        nose_width=float(rng.uniform(0.85, 1.25)),
        nose_length=float(rng.uniform(0.92, 1.08)),
        mouth_width=float(rng.uniform(0.9, 1.1)),
        lip_fullness=float(rng.uniform(0.75, 1.3)),
    )


def _pick(rng: np.random.Generator, choices: tuple[T, ...]) -> T:
    return choices[int(rng.integers(len(choices)))]
