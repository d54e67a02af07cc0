"""Run another tool over images again and again, for benchmarks/peers.py.

    python peer_worker.py TOOL IMAGES.json

It runs in the tool's environment, so it imports only the tool and its dependencies. The images are next to
the list, as raw RGB bytes. It prints {"ready": ...}. Then it prints {"faces": n} for each line that it reads,
after it has processed all images.
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
    """Read (H, W, 3) uint8 RGB arrays."""
    import numpy as np

    table = json.loads(listing.read_text(encoding="utf-8"))
    sizes = [(one["file"], (one["height"], one["width"], 3)) for one in table]
    return [np.fromfile(listing.parent / file, np.uint8).reshape(size) for file, size in sizes]


def fer(images: list[Any], is_mtcnn: bool) -> Round:
    """Prepare fer with OpenCV's Haar cascade or its MTCNN."""
    if is_mtcnn:
        import facenet_pytorch  # noqa: F401  # its torch crashes if it is imported after TensorFlow
    from fer.fer import FER

    detector = FER(mtcnn=is_mtcnn)
    bgr = [image[:, :, ::-1].copy() for image in images]
    return lambda: sum(len(detector.detect_emotions(image)) for image in bgr)


def facenet_pytorch(images: list[Any]) -> Round:
    """Prepare facenet-pytorch's MTCNN with its defaults, on one PIL image at a time."""
    from facenet_pytorch import MTCNN
    from PIL import Image

    detector = MTCNN(keep_all=True)
    pil_images = [Image.fromarray(image) for image in images]

    def detect_all() -> int:
        found = [detector.detect(image)[0] for image in pil_images]
        return sum(0 if boxes is None else len(boxes) for boxes in found)

    return detect_all


def ferkit(images: list[Any], batch: int) -> Round:
    """Prepare ferkit's MTCNN component on batches of images."""
    from ferkit.components.build import build
    from ferkit.components.discovery import load_plugins
    from ferkit.components.part import Part

    detector = build(load_plugins(), "detector", Part.model_validate({"name": "mtcnn", "device": "cpu"}))
    starts = range(0, len(images), batch)
    return lambda: sum(len(one.boxes) for at in starts for one in detector(images[at : at + batch]))


def ferkit_expressions(images: list[Any], detector: str | None) -> Round:
    """Prepare ferkit.Predictor with the bundled model and its detector, or another one."""
    from ferkit import Predictor
    from ferkit.runtime.malloc import keep_freed

    keep_freed()  # as `ferkit predict` does
    predictor = Predictor(device="cpu", detector=detector)
    return lambda: sum(len(faces) for faces in predictor.predict(images))


TOOLS: dict[str, tuple[str, Callable[[list[Any]], Round]]] = {
    "fer-haar": ("fer", lambda images: fer(images, is_mtcnn=False)),
    "fer-mtcnn": ("fer", lambda images: fer(images, is_mtcnn=True)),
    "facenet-pytorch": ("facenet-pytorch", facenet_pytorch),
    "ferkit-1": ("ferkit", lambda images: ferkit(images, 1)),
    "ferkit-16": ("ferkit", lambda images: ferkit(images, 16)),
    "ferkit-expressions": ("ferkit", lambda images: ferkit_expressions(images, None)),
    "ferkit-mtcnn": ("ferkit", lambda images: ferkit_expressions(images, "mtcnn")),
}


def main() -> None:
    tool, listing = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # the tool's own output must not mix with the answers
    package, make = TOOLS[tool]
    detect_all = make(read_images(Path(listing)))
    print(json.dumps({"ready": f"{package} {version(package)}"}), file=answers)
    for _ in sys.stdin:
        print(json.dumps({"faces": detect_all()}), file=answers)


if __name__ == "__main__":
    main()
