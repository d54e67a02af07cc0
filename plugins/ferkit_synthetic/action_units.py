"""Action units of each expression in the Facial Action Coding System.

The prototypes follow EMFACS and the Investigator's Guide to FACS (Ekman, Friesen & Hager 2002, tables of
emotion prediction). Each expression has its prototype and common variants.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

NAMES: Mapping[int, str] = {
    1: "inner brow raiser",
    2: "outer brow raiser",
    4: "brow lowerer",
    5: "upper lid raiser",
    6: "cheek raiser",
    7: "lid tightener",
    9: "nose wrinkler",
    10: "upper lip raiser",
    12: "lip corner puller",
    15: "lip corner depressor",
    17: "chin raiser",
    20: "lip stretcher",
    23: "lip tightener",
    25: "lips part",
    26: "jaw drop",
    64: "eyes down",
}

Units = Mapping[int, float]
"""Action unit -> intensity, from 0 (absent, the default) to 1 (maximum)."""

EXPRESSIONS: Mapping[str, tuple[Units, ...]] = {
    "anger": (
        {4: 1.0, 5: 0.6, 7: 0.5, 23: 0.9},
        {4: 1.0, 5: 0.4, 7: 0.7, 17: 0.6, 23: 0.9},
        {4: 1.0, 5: 0.6, 7: 0.5, 10: 0.4, 23: 0.5, 25: 0.9},
    ),
    "disgust": (
        {9: 1.0, 10: 0.9, 25: 0.3, 4: 0.3},
        {9: 0.9, 10: 0.7, 15: 0.5, 17: 0.7, 6: 0.3},
    ),
    "fear": (
        {1: 1.0, 2: 0.5, 4: 0.7, 5: 1.0, 20: 1.0, 25: 0.7},
        {1: 1.0, 2: 0.6, 4: 0.6, 5: 1.0, 20: 0.9, 25: 0.5, 26: 0.35},
    ),
    "happiness": (
        {6: 0.8, 12: 1.0},
        {6: 0.9, 12: 1.0, 25: 0.9},
        {6: 0.9, 12: 1.0, 25: 0.9, 26: 0.3},
    ),
    "neutral": ({},),
    "sadness": (
        {1: 1.0, 4: 0.6, 15: 0.9, 64: 0.4},
        {1: 1.0, 4: 0.5, 15: 1.0, 17: 0.6},
    ),
    "surprise": (
        {1: 1.0, 2: 1.0, 5: 0.8, 25: 0.6, 26: 1.0},
        {1: 0.9, 2: 1.0, 5: 0.6, 25: 0.5, 26: 0.7},
    ),
}


def sample_units(label: str, strength: float, rng: np.random.Generator) -> dict[int, float]:
    """Draw the action units of a face: a prototype of the label, with each unit changed by up to 25%.

    `strength`, from 0 to 1, scales the whole expression. Other units get small random intensities.
    """
    prototypes = EXPRESSIONS[label]
    prototype = prototypes[int(rng.integers(len(prototypes)))]
    twitches = rng.uniform(-0.5, 0.12, len(NAMES))
    scatter = rng.uniform(0.75, 1.25, len(NAMES))
    units = {}
    for unit, twitch, factor in zip(NAMES, twitches, scatter, strict=True):
        intensity = max(prototype.get(unit, 0.0) * strength * factor, twitch)
        units[unit] = float(np.clip(intensity, 0.0, 1.0))
    return units
