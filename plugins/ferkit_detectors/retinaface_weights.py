"""retinaface-pytorch's weights and the reader of their file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import torch
from torch import Tensor

from ferkit.plugin import DirectFile, Weights, WeightsError

FILE = "retinaface_resnet50_2020-07-20-f168fae3c.zip"

RESNET50 = Weights(
    name="retinaface_resnet50",
    filename=FILE,
    sha256=None,
    source=DirectFile(f"https://github.com/ternaus/retinaface/releases/download/0.01/{FILE}"),
    licence="MIT (retinaface-pytorch); WIDER FACE itself is for research",
    trained_on="WIDER FACE",
    embedding_size=16,  # for each anchor: four box values, two scores, ten landmark coordinates
)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the state dict, which is packed into a ZIP archive. Raises WeightsError."""
    try:
        tensors: dict[str, Tensor] = torch.load(_unpack(path), map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(
            f"Cannot read weights from {path}: {type(error).__name__}. Move the file away, then run: "
            f"ferkit weights fetch {RESNET50.name}"
        ) from error
    return tensors


def _unpack(path: Path) -> Path | io.BytesIO:
    """Return the single member of an archive. torch's own files are archives with several members."""
    if not zipfile.is_zipfile(path):
        return path
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        return io.BytesIO(archive.read(names[0])) if len(names) == 1 else path
