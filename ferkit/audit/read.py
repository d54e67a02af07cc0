"""Read each image once: its hash and perceptual hash, or the reason why it cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ferkit.audit.result import Unreadable
from ferkit.data.images import image_sha256, read_image
from ferkit.errors import DataError
from ferkit.interfaces import Sample

Progress = Callable[[str, int, int], None]
"""Called with the name of the task, the number of finished images, and their total."""


def no_progress(task: str, done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """The N readable files, and the unreadable ones.

    Attributes:
        root: The common folder.
        samples: N samples.
        names: N paths relative to the root.
        sha256: N hashes of the files' bytes.
        bits: (N, 64) bool perceptual hashes.
        unreadable: The other files.
    """

    root: Path
    samples: list[Sample]
    names: list[str]
    sha256: list[str]
    bits: NDArray[np.bool_]
    unreadable: tuple[Unreadable, ...]


def read_images(samples: Sequence[Sample], progress: Progress = no_progress) -> Images:
    """Read one or more samples. Unreadable files are collected, not raised."""
    root = Path(os.path.commonpath([sample.path.absolute().parent for sample in samples]))
    kept, names, hashes, bits, unreadable = [], [], [], [], []
    for done, sample in enumerate(samples, start=1):
        name = sample.path.absolute().relative_to(root).as_posix()
        try:
            sha256, image = image_sha256(sample.path), read_image(sample.path)
        except DataError as error:
            reason = str(error).removeprefix(f"{sample.path}: ")
            unreadable.append(Unreadable(name, reason))
        else:
            kept.append(sample)
            names.append(name)
            hashes.append(sha256)
            bits.append(perceptual_hash(image))
        progress("images", done, len(samples))
    return Images(
        root, kept, names, hashes, np.array(bits, dtype=np.bool_).reshape(-1, 64), tuple(unreadable)
    )


def perceptual_hash(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Compute imagehash's phash of an (H, W, 3) uint8 RGB image: (64,) bool.

    Each bit says if a low frequency of the grey image at 32 x 32 pixels is above the median. Scaling and
    compression change few bits.
    """
    return np.asarray(imagehash.phash(Image.fromarray(image)).hash, dtype=np.bool_).reshape(64)
