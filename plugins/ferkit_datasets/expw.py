"""ExpW (Zhang, Luo, Loy and Tang 2018): faces in images from the web, given by boxes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PIL import Image

from ferkit.plugin import DataError, Sample, cache_dir
from ferkit_datasets.cached_images import write_png
from ferkit_datasets.labels import EXPW as CODES
from ferkit_datasets.labels import find_label
from ferkit_datasets.rows import Problems, Row, read_list

COLUMNS = ("name", "face", "top", "left", "right", "bottom", "confidence", "code")

LAYOUT = """\
ExpW's authors (Z. Zhang, P. Luo, C. C. Loy, X. Tang, "From Facial Expression Recognition to Interpersonal
Relation Prediction", IJCV 2018) offer it at http://mmlab.ie.cuhk.edu.hk/projects/socialrelation/index.html
Expected layout:
    {root}/label/label.lst         name.jpg 0 top left right bottom confidence label
    {root}/image/origin/name.jpg"""


class ExpW:
    """91,793 faces, cropped from their images by ExpW's boxes.

    An image may have several faces, so each face becomes a file in the cache. Its group is "image". ExpW has
    no splits.

    Args:
        root: Folder with label/label.lst and the images in image/origin/.
        margin: Margin on each side, as a fraction of the box, at least 0.
        min_confidence: Minimum confidence of a box. Faces below it are skipped.
    """

    def __init__(self, root: Path, margin: float = 0.0, min_confidence: float = 0.0) -> None:
        if margin < 0:
            raise ValueError(f"margin: expected a fraction of at least 0, got {margin}")
        self.root = root
        self.margin = margin
        self.min_confidence = min_confidence

    def problems(self) -> list[str]:
        there = {self.root / "label" / "label.lst": "file", self.root / "image" / "origin": "folder"}
        missing = " and no ".join(f"{kind} {path}" for path, kind in there.items() if not path.exists())
        return [f"there is no {missing}. {LAYOUT.format(root=self.root)}"] if missing else []

    def samples(self) -> list[Sample]:
        """Return the samples, and crop faces that the cache lacks. Raises DataError."""
        if problems := self.problems():
            raise DataError("\n".join(problems))
        errors, samples = Problems(), []
        for row in read_list(self.root / "label" / "label.lst", COLUMNS):
            try:
                if float(row.cells["confidence"]) >= self.min_confidence:
                    label = find_label(row.cells["code"], CODES)
                    samples.append(Sample(self._cut(row), label, {"image": row.cells["name"]}))
            except (OSError, ValueError) as error:
                errors.add(row.place, error)
        errors.check()
        return samples

    def _cut(self, row: Row) -> Path:
        """Return the file of a row's face. Raises ValueError and OSError."""
        file = self.root / "image" / "origin" / row.cells["name"]
        box = self._box(row)
        facts = file.stat()
        # Everything that determines the crop, known without reading the image.
        known = f"{file.resolve()} {facts.st_size} {facts.st_mtime_ns} {box}"
        digest = hashlib.sha256(known.encode()).hexdigest()[:12]
        path = cache_dir("expw") / f"{file.stem}_{row.cells['face']}_{digest}.png"
        if not path.exists():
            with Image.open(file) as image:
                write_png(path, image.convert("RGB").crop(_inside(box, image.size)))
        return path

    def _box(self, row: Row) -> tuple[int, int, int, int]:
        """Return left, top, right, bottom with the margin, possibly outside the image. Raises ValueError."""
        left, top, right, bottom = (int(row.cells[name]) for name in ("left", "top", "right", "bottom"))
        if left >= right or top >= bottom:
            raise ValueError(f"the box is empty: left {left}, top {top}, right {right}, bottom {bottom}")
        wide, high = round(self.margin * (right - left)), round(self.margin * (bottom - top))
        return left - wide, top - high, right + wide, bottom + high


def _inside(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Clip a box to the image. Raises ValueError if nothing is left."""
    left, top, right, bottom = box
    clipped = max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1])
    if clipped[0] >= clipped[2] or clipped[1] >= clipped[3]:
        raise ValueError(f"the box {box} is outside the image of {size[0]} by {size[1]} pixels")
    return clipped
