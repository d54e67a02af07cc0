"""Faces as the report embeds them."""

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
"""Side of a face on the page, in pixels."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """An embedded image.

    Attributes:
        source: A data URI.
        alternative: The alternative text.
        caption: The caption.
        file: The file name, shown below the caption.
    """

    source: str
    alternative: str
    caption: str
    file: str


def show_mistake(one: Guess, image: NDArray[np.uint8]) -> Portrait:
    """Embed a wrong prediction with its crop, (H, W, 3) uint8 RGB."""
    taken = f"predicted {one.predicted}"
    return Portrait(
        encode_face(image),
        f"A face labelled {one.true}, {taken} with {100 * one.probability:.1f}%",
        f"{one.true}, {taken}: {100 * one.probability:.1f}% (repeat {one.repeat + 1}, fold {one.fold + 1})",
        Path(one.path).name,
    )


def show_explained(one: Guess, image: NDArray[np.uint8], found: NDArray[np.float32]) -> Portrait:
    """Embed a prediction with its Grad-CAM map, (h, w), which is blended into the image."""
    verdict = "right" if one.is_right else "wrong"
    caption = f"{one.true}, predicted {one.predicted} ({verdict}): {100 * one.probability:.1f}%"
    return Portrait(encode_face(image), f"A face: {caption}. {tell_map(found)}", caption, Path(one.path).name)


def show_sheets(run_dir: Path) -> list[Portrait]:
    """Embed the images that the estimator produced, for each fold from its last epoch with images."""
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
    """Describe where the map has its maximum."""
    if not found.max():
        return "No position raises the logit."
    row, column = np.unravel_index(int(found.argmax()), found.shape)
    down = ("top", "middle", "bottom")[int(3 * (row + 0.5) / found.shape[0])]
    across = ("left", "centre", "right")[int(3 * (column + 0.5) / found.shape[1])]
    return f"The map is strongest at the {down} {across}."


def encode_face(image: NDArray[np.uint8]) -> str:
    """Encode an (H, W, 3) uint8 RGB image as JPEG data URI, with SIDE pixels on its longer side."""
    scale = SIDE / max(image.shape[:2])
    size = [max(1, round(scale * side)) for side in image.shape[1::-1]]
    smaller = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    _, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(smaller, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88]
    )
    return embed(encoded.tobytes(), "jpeg")
