"""Faces as the page embeds them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit.evaluation.run_files import folds_dir
from ferkit.report.faces.selection import Guess
from ferkit.report.figures.figure import embed

SIDE = 224
"""Of a face on the page, in pixels."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """source: a data URI; alternative: the picture in words; caption, file: what stands below it."""

    source: str
    alternative: str
    caption: str
    file: str


def show_mistake(one: Guess, image: NDArray[np.uint8]) -> Portrait:
    """image: (H, W, 3) uint8 RGB, the crop."""
    taken = f"taken for {one.predicted}"
    return Portrait(
        encode_face(image),
        f"A face labelled {one.true}, {taken} with {100 * one.probability:.0f}%",
        f"{one.true}, {taken}: {100 * one.probability:.0f}% (repeat {one.repeat + 1}, fold {one.fold + 1})",
        Path(one.path).name,
    )


def show_explained(one: Guess, image: NDArray[np.uint8], found: NDArray[np.float32]) -> Portrait:
    """image: the face blended with the map; found: the map itself, (h, w)."""
    how = "rightly" if one.is_right else "wrongly"
    caption = f"{one.true}, {how} taken for {one.predicted}: {100 * one.probability:.0f}%"
    return Portrait(encode_face(image), f"A face: {caption}. {tell_map(found)}", caption, Path(one.path).name)


def show_sheets(run_dir: Path) -> list[Portrait]:
    """The pictures that the estimator gave in its last epoch with any, of every fold."""
    sheets = []
    for folder in sorted(folds_dir(run_dir).glob("*/pictures")):
        parts = {file: file.stem.rpartition("_epoch") for file in sorted(folder.glob("*_epoch*.png"))}
        last = max((epoch for _, _, epoch in parts.values()), default="")
        for file, (name, _, epoch) in parts.items():
            if epoch == last:
                what = f"{name.replace('_', ' ')}, {folder.parent.name}, epoch {int(epoch)}"
                sheets.append(Portrait(embed(file.read_bytes(), "png"), what, what, file.name))
    return sheets


def tell_map(found: NDArray[np.float32]) -> str:
    """Where it is strongest, in words."""
    if not found.max():
        return "No place raises that logit."
    row, column = np.unravel_index(int(found.argmax()), found.shape)
    down = ("top", "middle", "bottom")[int(3 * (row + 0.5) / found.shape[0])]
    across = ("left", "centre", "right")[int(3 * (column + 0.5) / found.shape[1])]
    return f"The map is strongest at the {down} {across}."


def encode_face(image: NDArray[np.uint8]) -> str:
    """(H, W, 3) uint8 RGB -> a JPEG whose longer side is SIDE pixels, as a data URI."""
    scale = SIDE / max(image.shape[:2])
    size = [max(1, round(scale * side)) for side in image.shape[1::-1]]
    smaller = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    _, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(smaller, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88]
    )
    return embed(encoded.tobytes(), "jpeg")
