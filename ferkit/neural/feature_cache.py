"""Features of faces from a network that is not trained, cached by pixels and network."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from io import BytesIO

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray

from ferkit.neural.batches import FaceImages
from ferkit.neural.checkpoint import hash_tensors
from ferkit.neural.stage_features import LOGITS, StagePool, pool_images
from ferkit.runtime.disk_cache import DiskCache
from ferkit.version import __version__

Row = list[NDArray[np.float64]]
"""The features of a face: one vector for each stage."""


def cached_features(
    pool: StagePool, images: FaceImages, accelerator: Accelerator, batch_size: int
) -> list[NDArray[np.float64]]:
    """Return (images, D) features of each stage, as `pool_images`. All folds have the same faces."""
    cache = DiskCache("features", _describe(pool, images, accelerator), ".npz")
    keys = [hashlib.sha256(face.image.tobytes() + str(face.image.shape).encode()) for face in images.faces]
    names = [key.hexdigest() for key in keys]
    rows = [_read(cache.get(name), len(pool.stages)) for name in names]
    missing = [place for place, row in enumerate(rows) if row is None]
    if missing:
        found = pool_images(pool, images.take(missing), accelerator, batch_size)
        for place, *row in zip(missing, *found, strict=True):
            rows[place] = row
            cache.put(names[place], _write(row))
    complete = [row for row in rows if row is not None]
    return [np.stack(column) for column in zip(*complete, strict=True)]


def _describe(pool: StagePool, images: FaceImages, accelerator: Accelerator) -> str:
    """Return all that the features depend on, except the pixels of the face."""
    # Without logits the head does not count: in an untrained network it is random and differs between folds.
    used = pool.network if LOGITS in pool.stages else pool.network.backbone
    network = f"{hash_tensors(used.state_dict())} {used} {pool.network.default_stage}"
    normal = images.normalise
    pixels = f"{images.side} {normal.mean.tolist()} {normal.deviation.tolist()} {normal.is_grey}"
    options = f"{list(pool.stages)} {pool.grid} {pool.mirror}"
    computed = f"{accelerator.device} {accelerator.mixed_precision} {torch.__version__} {__version__}"
    return f"{network} {options} {pixels} {computed}"


def _write(row: Sequence[NDArray[np.float64]]) -> bytes:
    buffer = BytesIO()
    np.savez(buffer, *row)
    return buffer.getvalue()


def _read(content: bytes | None, count: int) -> Row | None:
    """Return the cached features, or None if there are none, or the file is damaged."""
    if content is None:
        return None
    try:
        with np.load(BytesIO(content)) as stored:
            row = [np.asarray(stored[f"arr_{place}"], dtype=np.float64) for place in range(count)]
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile):
        return None
    return row
