"""Pictures with spots, videos of these, and a model that looks at spots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.neural.build import build_model
from ferkit.neural.checkpoint import save_network
from ferkit.neural.options import Model
from ferkit.predict.model.description import Description

LABELS = ("anger", "happiness", "neutral")
PLUGIN = "tests.predict.spots_plugin"
SPOT = 20


def picture(*spots: tuple[int, int], width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """Blue, with a red spot of 20 by 20 at each (x, y)."""
    image = np.full((height, width, 3), (20, 40, 200), np.uint8)
    for x, y in spots:
        image[y : y + SPOT, x : x + SPOT] = (220, 30, 30)
    return image


def write_picture(file: Path, *spots: tuple[int, int], **options: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(*spots)).save(file, **options)
    return file


def write_video(file: Path, frames: Sequence[NDArray[np.uint8]], rate: float = 10) -> Path:
    height, width = frames[0].shape[:2]
    video = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), rate, (width, height))
    for frame in frames:
        video.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    video.release()
    return file


def describe(**others: Any) -> Description:
    parts = {"backbone": Part(name="small"), "head": Part(name="linear")}
    model = Model(image_size=24, normalize="facenet", **parts)
    known: dict[str, Any] = {"labels": LABELS, "model": model, "detector": Part(name="spots")}
    return Description(**{**known, "plugins": (PLUGIN,), **others})


def write_model(file: Path, **others: Any) -> Path:
    """A network of random numbers, the same ones every time."""
    description = describe(**others)
    torch.manual_seed(3)
    network = build_model(description.model, load_plugins([PLUGIN]), description.labels)
    tensors, table = network.state_dict(), description.as_table()
    save_network(file, tensors, description.labels, description.temperature, ["ab" * 32], table)
    return file
