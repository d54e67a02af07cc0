"""Every image read once: its hash, its perceptual hash, or why it can't be read."""

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
"""Called with what is being done, how many images it is done for, and of how many."""


def no_progress(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """The N files that could be read, and the others.

    names: below root; sha256: of the files' bytes; bits: (N, 64) bool, their perceptual hashes.
    """

    root: Path
    samples: list[Sample]
    names: list[str]
    sha256: list[str]
    bits: NDArray[np.bool_]
    unreadable: tuple[Unreadable, ...]


def read_images(samples: Sequence[Sample], progress: Progress = no_progress) -> Images:
    """samples: one or more. Goes on over files that can't be read."""
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
    """(H, W, 3) uint8 RGB -> (64,) bool: which of the lowest frequencies are above their median.

    imagehash's phash: of the whole picture in grey at 32 by 32 pixels, so neither size nor compression
    changes much of it.
    """
    return np.asarray(imagehash.phash(Image.fromarray(image)).hash, dtype=np.bool_).reshape(64)
