"""Drawn faces as a data set."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image

from ferkit.plugin import DataError, Sample, atomic_path, cache_dir, suggest
from ferkit_synthetic.action_units import EXPRESSIONS, sample_units
from ferkit_synthetic.canvas import Canvas
from ferkit_synthetic.drawing import draw_face
from ferkit_synthetic.occlusion import cover
from ferkit_synthetic.person import sample_person
from ferkit_synthetic.scene import draw_background, expose, sample_light, sample_pose

DRAWING_VERSION = 1
"""Increase it with every change to the drawing, so that a cache never mixes two versions."""


class SyntheticFaces:
    """Drawn faces, to check that a recipe runs. Scores on them say nothing about real faces.

    The same options draw the same images. Their group is "person".

    Args:
        per_class: Images of each label, at least 1.
        image_size: Side of the square images, 48 to 1024 pixels.
        people: Number of different people, at least 1. Each has all labels if per_class is high enough.
        seed: Seed of people and images, at least 0.
        labels: Some or all of the seven labels.
        strength: Weakest and strongest expression, from 0 to 1.
    """

    def __init__(
        self,
        per_class: int = 40,
        image_size: int = 160,
        people: int = 20,
        seed: int = 0,
        labels: tuple[str, ...] = tuple(EXPRESSIONS),
        strength: tuple[float, float] = (0.55, 1.0),
    ) -> None:
        _require(per_class >= 1, "per_class", "1 or more", per_class)
        _require(48 <= image_size <= 1024, "image_size", "48 to 1024 pixels", image_size)
        _require(people >= 1, "people", "1 or more", people)
        _require(seed >= 0, "seed", "0 or more", seed)
        _require(0 < len(labels) == len(set(labels)), "labels", "one or more labels, each once", labels)
        for label in labels:
            if label not in EXPRESSIONS:
                raise ValueError(
                    f"labels: no drawn expression is called {label!r}. {suggest(label, EXPRESSIONS)}"
                )
        _require(
            0 <= strength[0] <= strength[1] <= 1,
            "strength",
            "two numbers, 0 <= weakest <= strongest <= 1",
            strength,
        )
        self.per_class = per_class
        self.image_size = image_size
        self.people = people
        self.seed = seed
        self.labels = labels
        self.strength = strength

    def problems(self) -> list[str]:
        return []

    def samples(self) -> list[Sample]:
        """Return the samples, and draw images that the cache lacks. Raises DataError."""
        images = [(label, number) for label in self.labels for number in range(self.per_class)]
        return [self._sample(label, number) for label, number in images]

    def _sample(self, label: str, number: int) -> Sample:
        person = number % self.people
        path = self._folder / label / f"{label}_person{person:02}_{number:04}.png"
        if not path.exists():
            _write(path, self._draw(label, number, person))
        return Sample(path, label, {"person": f"person{person:02}"})

    @property
    def _folder(self) -> Path:
        drawn = [DRAWING_VERSION, self.image_size, self.people, self.seed, list(self.strength)]
        return cache_dir("synthetic") / hashlib.sha256(json.dumps(drawn).encode()).hexdigest()[:16]

    def _draw(self, label: str, number: int, person: int) -> Image.Image:
        identity = sample_person(np.random.default_rng([self.seed, person]))
        rng = np.random.default_rng([self.seed, list(EXPRESSIONS).index(label), number])
        units = sample_units(label, float(rng.uniform(*self.strength)), rng)
        light, gaze = sample_light(rng), rng.normal(0, 0.4, 2)
        canvas = Canvas(draw_background(self.image_size, rng), sample_pose(rng))
        draw_face(canvas, identity, units, light.side, (float(gaze[0]), float(gaze[1])), rng)
        cover(canvas, identity, rng)
        return expose(canvas.image, light, rng)


def _require(is_met: bool, option: str, expected: str, value: object) -> None:
    if not is_met:
        raise ValueError(f"{option}: expected {expected}, got {value!r}")


def _write(path: Path, image: Image.Image) -> None:
    """Write a PNG file atomically: another process may be drawing the same image."""
    try:
        with atomic_path(path) as part:
            image.save(part, format="PNG", compress_level=1)
    except OSError as error:
        raise DataError(
            f"Cannot write the drawn face {path}: {error}. Free disk space, or set XDG_CACHE_HOME to a "
            "writable folder."
        ) from error
