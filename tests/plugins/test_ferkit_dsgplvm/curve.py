"""Faces without images: classes along a curve, in two nonlinear views with noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferkit.interfaces import Face, Sample

Array = NDArray[np.float64]
LABELS = ("anger", "fear", "happiness", "neutral")


def make_curve(per_class: int, seed: int, noise: float = 0.6) -> tuple[list[Array], NDArray[np.int64], Array]:
    """Two views (N, 12), classes (N,), and the place on the curve (N,) in 0..classes.

    A class is a stretch of the curve. Noise of the same strength moves each view.
    """
    generator = np.random.default_rng(seed)
    count = len(LABELS)
    classes = np.repeat(np.arange(count), per_class)
    places = classes + generator.uniform(0.1, 0.9, len(classes))
    views = []
    for index in range(2):
        mixing = np.random.default_rng(100 + index)
        angles = places[:, None] * mixing.uniform(0.3, 1.2, 12) + mixing.uniform(0, 6, 12)
        nuisance = generator.standard_normal((len(classes), 2)) @ mixing.standard_normal((2, 12))
        views.append(np.sin(angles) + noise * (nuisance + generator.standard_normal(angles.shape)))
    return views, classes, places


class TableDescriptor:
    """A view's rows, found by the first pixels of the image: a test's features pass through real faces."""

    def __init__(self, rows: Array, name: str) -> None:
        self.rows = rows
        self.signature = name

    def __call__(self, image: Array) -> Array:
        return np.asarray(self.rows[round(image.max())])


def number_faces(classes: Sequence[int], first: int = 0, movie: str = "") -> list[Face]:
    """One face for each class index; each has one grey value, by which a TableDescriptor finds its row."""
    faces = []
    for position, index in enumerate(classes):
        image = np.full((16, 16, 3), first + position, dtype=np.uint8)
        groups = {"movie": f"{movie}{position % 5}"} if movie else {}
        sample = Sample(Path(f"{first + position}.png"), LABELS[index], groups)
        faces.append(Face(sample, image, None, None, f"{first + position}"))
    return faces
