"""Miniature data sets with drawn images, in the layouts of the real ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ferkit.interfaces import Sample


def draw(path: Path, side: int = 24, grey: int = 90) -> Path:
    """A flat square, as a file of the kind that its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((side, side, 3), grey, np.uint8)).save(path)
    return path


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def parts_and_labels(samples: Sequence[Sample]) -> list[tuple[str, str]]:
    return [(sample.split, sample.label) for sample in samples]


def pixels(grey: int) -> str:
    """FER2013's way of writing an image, here of one grey."""
    return " ".join([str(grey)] * 48**2)


def write_fer2013(file: Path, rows: Iterable[tuple[str, int, str]]) -> Path:
    """rows: emotion, grey, Usage."""
    return write(
        file, "emotion,pixels,Usage", *(f"{code},{pixels(grey)},{usage}" for code, grey, usage in rows)
    )
