"""Test data: generated faces, and a classifier on pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ferkit.data.images import image_sha256, read_image
from ferkit.interfaces import Dataset, Epoch, Face, Sample

if TYPE_CHECKING:
    from torch.nn import Module

LABELS = ("anger", "happiness", "neutral", "sadness")
"""Labels of the generated faces."""
MOUTHS = {"anger": (200, 340), "happiness": (20, 160), "neutral": (0, 360), "sadness": (200, 340)}
SKINS = {"anger": (205, 120, 105), "happiness": (235, 205, 120), "neutral": (190, 190, 190)}


def draw_face(label: str, number: int = 0, side: int = 64) -> NDArray[np.uint8]:
    """Draw a face whose colour and mouth depend on the label. The result is deterministic.

    Args:
        label: The expression.
        number: Seed of the noise and the background.
        side: Width and height in pixels.

    Returns:
        (side, side, 3) uint8 RGB.
    """
    generator = np.random.default_rng([sum(map(ord, label)), number])
    canvas = Image.new("RGB", (side, side), tuple(int(c) for c in generator.integers(60, 90, 3)))
    pen = ImageDraw.Draw(canvas)
    pen.ellipse(_box(side, 0.5, 0.5, 0.36, 0.44), fill=SKINS.get(label, (110, 130, 190)))
    for x in (0.36, 0.64):
        pen.ellipse(_box(side, x, 0.4, 0.06, 0.04), fill="white")
        pen.ellipse(_box(side, x, 0.4, 0.025, 0.03), fill="black")
    pen.arc(_box(side, 0.5, 0.7, 0.16, 0.09), *MOUTHS.get(label, (0, 180)), fill=(120, 20, 30), width=2)
    noise = generator.integers(-12, 13, (side, side, 3))
    return (np.asarray(canvas).astype(int) + noise).clip(0, 255).astype(np.uint8)


def _box(side: int, x: float, y: float, half_width: float, half_height: float) -> tuple[float, ...]:
    edges = (x - half_width, y - half_height, x + half_width, y + half_height)
    return tuple(side * edge for edge in edges)


def draw_faces(
    per_class: int = 3, labels: Sequence[str] = LABELS, start: int = 0, side: int = 64
) -> list[Face]:
    """Draw faces of each label.

    Args:
        per_class: Number of faces of each label.
        labels: The expressions.
        start: First number for `draw_face`. Other numbers give other faces.
        side: Width and height in pixels.

    Returns:
        The faces. The labels alternate.
    """
    return [
        Face(Sample(Path(f"{label}_{number}.png"), label), draw_face(label, number, side), None, None, "")
        for number in range(start, start + per_class)
        for label in labels
    ]


def draw_folders(folder: Path, names: Sequence[str] = LABELS, per_class: int = 2) -> Path:
    """Write a folder of PNG images for each name.

    Args:
        folder: Parent of the folders.
        names: Names of the folders, used as labels.
        per_class: Number of images in each folder.

    Returns:
        `folder`.
    """
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(per_class):
            Image.fromarray(draw_face(name, number)).save(folder / name / f"{name}_{number}.png")
    return folder


def crop_whole(name: str, dataset: Dataset) -> list[Face]:
    """Return the whole images of a dataset as faces: the argument `crop` of an estimator."""
    del name
    return [
        Face(sample, read_image(sample.path), None, None, image_sha256(sample.path))
        for sample in dataset.samples()
    ]


class PixelNetwork:
    """Replacement for the recipe's network in checks of estimators.

    It satisfies `FeatureEstimator` and `ModelFeatures`, and classifies 8×8 pixels by the nearest class mean.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        """Start with class means of 0."""
        self.labels = labels
        self.means = np.zeros((len(labels), 8 * 8 * 3))

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        """Compute the class means, in one epoch."""
        features = self.embed(train)
        truth = np.array([face.sample.label for face in train])
        self.means = np.stack([features[truth == label].mean(axis=0) for label in self.labels])
        yield Epoch(1, 0.5, 0.5, 0.5, self.predict(validation), 1e-3, 0.0)

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return (faces, labels) probabilities."""
        distances = np.linalg.norm(self.embed(faces)[:, None] - self.means, axis=2)
        weights = np.exp(-distances + distances.min(axis=1, keepdims=True))
        return cast("NDArray[np.float64]", weights / weights.sum(axis=1, keepdims=True))

    def embed(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return (faces, 192) pixel values, 0 to 1."""
        rows = [np.asarray(Image.fromarray(face.image).resize((8, 8))).ravel() / 255 for face in faces]
        return np.array(rows, dtype=np.float64).reshape(len(faces), 8 * 8 * 3)

    def stage_features(
        self, faces: Sequence[Face], stages: Sequence[str], grid: int = 0, mirror: bool = False
    ) -> Sequence[NDArray[np.float64]]:
        """Return the pixel values for each stage, averaged with the mirror image if `mirror` is set."""
        del grid
        rows = self.embed(faces)
        if mirror:
            turned = rows.reshape(-1, 8, 8, 3)[:, :, ::-1].reshape(rows.shape)
            rows = (rows + turned) / 2
        return [rows for _ in stages]

    def count_trained_on(self, faces: Sequence[Face]) -> int:
        """Return 0: it was trained on no faces."""
        del faces
        return 0

    def build_module(self, class_counts: Sequence[float]) -> Module:
        """Return a small network with random weights."""
        from ferkit.testing.training import SmallImageNetwork

        del class_counts
        return SmallImageNetwork(len(self.labels))
