"""One round after another of another tool over images, for benchmarks/peers.py.

    python peer_worker.py TOOL IMAGES.json

It runs in that tool's own environment, so it imports nothing but the tool and what comes with it. The
images lie beside the list as raw RGB bytes. It prints {"ready": ...}; then, for each line that it reads,
{"faces": n} when all images are done.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

Round = Callable[[], int]


def read_images(listing: Path) -> list[Any]:
    """(H, W, 3) uint8 RGB arrays."""
    import numpy as np

    table = json.loads(listing.read_text(encoding="utf-8"))
    sizes = [(one["file"], (one["height"], one["width"], 3)) for one in table]
    return [np.fromfile(listing.parent / file, np.uint8).reshape(size) for file, size in sizes]


def fer(images: list[Any], is_mtcnn: bool) -> Round:
    """fer's detector and expressions, with OpenCV's Haar cascade or its MTCNN."""
    if is_mtcnn:
        import facenet_pytorch  # noqa: F401  # loaded after TensorFlow, its torch kills the process
    from fer.fer import FER

    detector = FER(mtcnn=is_mtcnn)
    as_opencv_has_them = [image[:, :, ::-1].copy() for image in images]
    return lambda: sum(len(detector.detect_emotions(image)) for image in as_opencv_has_them)


def facenet_pytorch(images: list[Any]) -> Round:
    """facenet-pytorch's MTCNN as its users call it: a PIL image at a time, its default thresholds."""
    from facenet_pytorch import MTCNN
    from PIL import Image

    detector = MTCNN(keep_all=True)
    pictures = [Image.fromarray(image) for image in images]

    def detect_all() -> int:
        found = [detector.detect(picture)[0] for picture in pictures]
        return sum(0 if boxes is None else len(boxes) for boxes in found)

    return detect_all


def ferkit(images: list[Any], batch: int) -> Round:
    """ferkit's own MTCNN component, so many images at a time."""
    from ferkit.components.build import build
    from ferkit.components.discovery import load_plugins
    from ferkit.components.part import Part

    detector = build(load_plugins(), "detector", Part.model_validate({"name": "mtcnn", "device": "cpu"}))
    starts = range(0, len(images), batch)
    return lambda: sum(len(one.boxes) for at in starts for one in detector(images[at : at + batch]))


def ferkit_expressions(images: list[Any], batch: int) -> Round:
    """ferkit.Predictor with the model that ferkit brings: every face that its MTCNN finds."""
    from ferkit import Predictor
    from ferkit.runtime.malloc import keep_freed

    keep_freed()  # as `ferkit predict` does
    predictor = Predictor(device="cpu", batch_size=batch)
    return lambda: sum(len(faces) for faces in predictor.predict(images))


TOOLS: dict[str, tuple[str, Callable[[list[Any]], Round]]] = {
    "fer-haar": ("fer", lambda images: fer(images, is_mtcnn=False)),
    "fer-mtcnn": ("fer", lambda images: fer(images, is_mtcnn=True)),
    "facenet-pytorch": ("facenet-pytorch", facenet_pytorch),
    "ferkit-1": ("ferkit", lambda images: ferkit(images, 1)),
    "ferkit-16": ("ferkit", lambda images: ferkit(images, 16)),
    "ferkit-expressions": ("ferkit", lambda images: ferkit_expressions(images, 16)),
}


def main() -> None:
    tool, listing = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what the tool itself prints must not be taken for an answer
    package, make = TOOLS[tool]
    detect_all = make(read_images(Path(listing)))
    print(json.dumps({"ready": f"{package} {version(package)}"}), file=answers)
    for _ in sys.stdin:
        print(json.dumps({"faces": detect_all()}), file=answers)


if __name__ == "__main__":
    main()
