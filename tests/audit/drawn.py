"""Small drawn pictures with structure, so that a perceptual hash can tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ferkit.audit.read import Images, read_images
from ferkit.interfaces import Sample


def draw(number: int, side: int = 96) -> Image.Image:
    """Coarse patches, blown up smoothly: another picture for each number."""
    patches = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize((side, side), Image.Resampling.BICUBIC)


def save(path: Path, image: Image.Image, quality: int = 95) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **({"quality": quality} if path.suffix == ".jpg" else {}))
    return path


def draw_clips(root: Path, clips: int = 8, frames: int = 3) -> Path:
    """Two classes of clips, the frames of each clip other pictures: clip3_1.png and so on."""
    for clip in range(clips):
        for frame in range(frames):
            folder = ("happy", "sad")[clip % 2]
            save(root / folder / f"clip{clip}_{frame}.png", draw(100 * clip + frame))
    return root


def images_of(files: Sequence[tuple[Path, str]]) -> Images:
    """Read what stands at the paths, under the labels given."""
    return read_images([Sample(path, label) for path, label in files])
