"""Compare BlazeFace with MTCNN: faces found, the position of their boxes, and speed.

The detectors take turns on each decoded image, one image at a time. "times as fast" is the median ratio over
the images, with a 95% bootstrap interval. --faces composes scenes of small faces from a folder of portraits.

    OMP_NUM_THREADS=2 python -m benchmarks.detectors --images "$FERKIT_DATA/sfew"
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ferkit_detectors.blazeface.detector import BlazeFaceDetector
from ferkit_detectors.mtcnn.detector import MTCNNDetector
from numpy.typing import NDArray
from PIL import Image

from benchmarks.detection_peer import overlaps
from benchmarks.script import count, make_parser, make_record, run_script
from ferkit.bench.ratio import compare_rounds
from ferkit.bench.record import Measurement, Record
from ferkit.bench.run import ProgressCallback
from ferkit.bench.subject import find_images
from ferkit.data.images import read_image
from ferkit.plugin import Detections

VARIANTS: dict[str, dict[str, Any]] = {
    "short": {"network": "short"},
    "back": {"network": "back"},
    "back, tiles": {"network": "back", "tiles": True},
    "full": {"network": "full"},
    "full, tiles": {"network": "full", "tiles": True},
    "full_sparse": {"network": "full_sparse"},
}
SCENE = 1920, 1080
MET = 0.4
"""Intersection over union of boxes of one face. The boxes of the two detectors differ in shape."""


def compose(portraits: Sequence[Path], faces: int, number: int) -> NDArray[np.uint8]:
    """Tile a grid of whole portraits, smaller with more of them: (1080, 1920, 3) uint8."""
    columns = int(np.ceil(np.sqrt(faces * SCENE[0] / SCENE[1])))
    side = min(SCENE[0] // columns, SCENE[1] // -(-faces // columns))
    canvas = Image.new("RGB", SCENE, (90, 90, 90))
    for place in range(faces):
        portrait = Image.fromarray(read_image(portraits[(number * faces + place) % len(portraits)]))
        portrait.thumbnail((side, side))
        canvas.paste(portrait, (place % columns * side, place // columns * side))
    return np.asarray(canvas)


def read(options: argparse.Namespace) -> Iterator[NDArray[np.uint8]]:
    paths = find_images(options.images)
    if not options.faces:
        places = np.linspace(0, len(paths) - 1, min(options.limit or len(paths), len(paths))).round()
        yield from (read_image(paths[int(place)]) for place in places)
        return
    for number in range(options.limit or 10):
        yield compose(paths, options.faces, number)


def describe(theirs: Sequence[Detections], ours: Sequence[Detections]) -> dict[str, float]:
    """Count the faces that a detector found, and compare its boxes with MTCNN's first face of each image."""
    images, met, same = 0, 0, []
    for reference, found in zip(theirs, ours, strict=True):
        if not len(reference.boxes):
            continue
        images += 1
        shared = overlaps(reference.boxes, found.boxes).max(axis=1, initial=0)
        met += int((shared > MET).sum())
        if shared[0] > MET:
            firsts = overlaps(reference.boxes[:1], found.boxes)[0]
            same.append((reference.boxes[0], found.boxes[firsts.argmax()], firsts[0] > MET))
    facts: dict[str, float] = {
        "images with a face": sum(len(one.boxes) > 0 for one in ours),
        "images with one face": sum(len(one.boxes) == 1 for one in ours),
        "faces": sum(len(one.boxes) for one in ours),
        "faces of MTCNN found": met,
    }
    if same:
        first, best = (np.array([pair[place] for pair in same]) for place in (0, 1))
        sizes, our_sizes = first[:, 2:] - first[:, :2], best[:, 2:] - best[:, :2]
        ratios = np.median(sizes / our_sizes, axis=0)
        raised = (best[:, 1::2].mean(axis=1) - first[:, 1::2].mean(axis=1)) / our_sizes[:, 1]
        facts |= {
            "MTCNN's first face found": len(same) / images,
            "MTCNN's first face first": sum(pair[2] for pair in same) / images,
            "MTCNN's width": float(ratios[0]),
            "MTCNN's height": float(ratios[1]),
            "MTCNN's centre is higher by": float(np.median(raised)),
        }
    return {name: round(float(value), 3) for name, value in facts.items()}


def measure(options: argparse.Namespace, say: ProgressCallback) -> Record:
    chosen: dict[str, Any] = {"device": "cpu", "runtime": options.runtime}
    detectors = {"mtcnn": MTCNNDetector(**chosen)} | {
        f"blazeface {name}": BlazeFaceDetector(**variant, threshold=options.threshold, **chosen)
        for name, variant in VARIANTS.items()
    }
    found: dict[str, list[Detections]] = {name: [] for name in detectors}
    seconds: dict[str, list[float]] = {name: [] for name in detectors}
    for number, image in enumerate(read(options)):
        say(f"image {number + 1}")
        for name, detector in detectors.items():
            if not number:
                detector([image])  # warm-up
            started = time.perf_counter()
            found[name] += detector([image])
            seconds[name].append(time.perf_counter() - started)
    facts = {}
    for name in detectors:
        faster = compare_rounds(seconds["mtcnn"], seconds[name])
        facts[name] = {
            "times as fast": round(faster.ratio, 2),
            "95% interval": faster.interval,
            **describe(found["mtcnn"], found[name]),
        }
    measurements = [
        Measurement({"stage": "detect", "detector": name}, times, 1) for name, times in seconds.items()
    ]
    setting = {
        "images": f"{len(found['mtcnn'])} of {options.images}",
        "faces in a composed scene": options.faces or "not composed",
        "runtime": options.runtime,
        "threshold": options.threshold,
    }
    return make_record("benchmarks/detectors.py", setting, measurements, facts)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--images", type=Path, required=True, help="a folder of images")
    add("--limit", type=count, help="maximum number of images, evenly over the folder [all; 10 scenes]")
    add("--faces", type=count, help="compose scenes of 1920 × 1080 with this number of portraits")
    add("--runtime", choices=("torch", "onnx"), default="torch", help="runtime of all detectors [torch]")
    add("--threshold", type=float, default=0.5, help="minimum score of BlazeFace [0.5]")
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
