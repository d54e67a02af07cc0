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
from ferkit_detectors.blazeface_mtcnn import BlazeFaceMTCNNDetector
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
from ferkit.plugin import Detections, Detector

VARIANTS: dict[str, dict[str, Any]] = {
    "blazeface short": {"network": "short"},
    "blazeface back": {"network": "back"},
    "blazeface full": {"network": "full"},
    "blazeface full, tiles": {"network": "full", "tiles": True},
    "blazeface full_sparse": {"network": "full_sparse"},
    "blazeface_mtcnn": {},
    "blazeface_mtcnn, no tiles": {"tiles": False},
}
"""Name of the component, with a variant, and its options."""
SCENE = "1920x1080"
MET = 0.4
"""Intersection over union of boxes of one face. The boxes of the two detectors differ in shape."""


def compose(
    portraits: Sequence[Path], faces: int, number: int, size: tuple[int, int], has_near: bool
) -> NDArray[np.uint8]:
    """Tile a grid of whole portraits, smaller with more of them: (H, W, 3) uint8.

    With `has_near`, one more portrait of the image's height covers a part of the grid.
    """
    columns = int(np.ceil(np.sqrt(faces * size[0] / size[1])))
    side = min(size[0] // columns, size[1] // -(-faces // columns))
    canvas = Image.new("RGB", size, (90, 90, 90))
    for place in range(faces + has_near):
        portrait = Image.fromarray(read_image(portraits[(number * faces + place) % len(portraits)]))
        is_near = place == faces
        portrait.thumbnail(size if is_near else (side, side))
        canvas.paste(portrait, (0, 0) if is_near else (place % columns * side, place // columns * side))
    return np.asarray(canvas)


def read(options: argparse.Namespace) -> Iterator[NDArray[np.uint8]]:
    paths = find_images(options.images)
    if not options.faces:
        places = np.linspace(0, len(paths) - 1, min(options.limit or len(paths), len(paths))).round()
        yield from (read_image(paths[int(place)]) for place in places)
        return
    width, height = map(int, options.scene.split("x"))
    for number in range(options.limit or 10):
        yield compose(paths, options.faces, number, (width, height), options.near)


def make_detectors(options: argparse.Namespace) -> dict[str, Detector]:
    chosen: dict[str, Any] = {"device": "cpu", "runtime": options.runtime}
    detectors: dict[str, Detector] = {"mtcnn": MTCNNDetector(**chosen)}
    for name, variant in VARIANTS.items():
        if name not in (options.only or VARIANTS):
            continue
        if name.startswith("blazeface_mtcnn"):
            detectors[name] = BlazeFaceMTCNNDetector(**variant, **chosen)
        else:
            detectors[name] = BlazeFaceDetector(**variant, threshold=options.threshold, **chosen)
    return detectors


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
    detectors = make_detectors(options)
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
        "composed scenes": f"{options.faces} faces, {options.scene}{', one near' * options.near}"
        if options.faces
        else "none",
        "runtime": options.runtime,
        "threshold": options.threshold,
    }
    return make_record("benchmarks/detectors.py", setting, measurements, facts)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--images", type=Path, required=True, help="a folder of images")
    add("--limit", type=count, help="maximum number of images, evenly over the folder [all; 10 scenes]")
    add("--faces", type=count, help="compose scenes with this number of portraits")
    add("--scene", default=SCENE, metavar="WxH", help=f"size of a scene in pixels [{SCENE}]")
    add("--near", action="store_true", help="add a large portrait to each scene")
    add("--only", action="append", choices=VARIANTS, help="compare only this one; repeatable [all]")
    add("--runtime", choices=("torch", "onnx"), default="torch", help="runtime of all detectors [torch]")
    add("--threshold", type=float, default=0.5, help="minimum score of blazeface [0.5]")
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
