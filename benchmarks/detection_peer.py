"""ferkit's MTCNN against facenet-pytorch's, in one process, and whether they find the same faces.

The two take turns, 16 images each, and take turns in beginning, so that what else the machine does
strikes both. facenet-pytorch is called as its users call it, `MTCNN(keep_all=True).detect(image)`, with
landmarks, for ferkit gives them too; ferkit's is given the 16 at once, as by `ferkit run`, or one by one with
--batch-size 1. Images are decoded beforehand. "times as fast" is the median over the turns of the two
times' ratio, with a bootstrap interval (95%); a last turn of fewer images is compared, but not timed.

    OMP_NUM_THREADS=2 python -m benchmarks.detection_peer --images "$FERKIT_DATA/sfew"
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from facenet_pytorch import MTCNN
from ferkit_detectors.mtcnn.detector import MTCNNDetector
from numpy.typing import NDArray
from PIL import Image
from skimage.data import astronaut

from benchmarks.script import add_ends, count, run_script
from ferkit.bench.machine import describe_machine, load_average
from ferkit.bench.ratio import compare_rounds
from ferkit.bench.record import Measurement, Record
from ferkit.bench.run import ProgressCallback, busy_warnings
from ferkit.data.images import read_image
from ferkit.plugin import Detections
from ferkit.recipe.load import load_recipe

SIZE = 720, 576
SAME_FACE, SAME_BOX = 0.5, 0.95
"""Intersections over union."""
Images = Sequence[NDArray[np.uint8]]
SUFFIXES = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True, slots=True)
class Turn:
    """What both found in some images, and the seconds it took each."""

    theirs: Sequence[Detections]
    ours: Sequence[Detections]
    their_seconds: float
    our_seconds: float


def compose(number: int) -> NDArray[np.uint8]:
    """The astronaut one to three times, of different sizes and tilts, on noise: (576, 720, 3)."""
    rng = np.random.default_rng(number)
    canvas = Image.fromarray(rng.integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8))
    portrait = Image.fromarray(astronaut())  # type: ignore[no-untyped-call]
    for _ in range(rng.integers(1, 4)):
        side = int(rng.integers(120, 560))
        tilted = portrait.rotate(float(rng.uniform(-20, 20)), Image.Resampling.BICUBIC).resize((side, side))
        canvas.paste(tilted, (int(rng.integers(0, SIZE[0] - side // 2)), int(rng.integers(0, 300))))
    return np.asarray(canvas)


def read_images(folder: Path | None, limit: int | None) -> list[NDArray[np.uint8]]:
    """Evenly over the folder and those below it, or composed ones (20 unless told)."""
    if folder is None:
        return [compose(number) for number in range(limit or 20)]
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise SystemExit(f"{folder}: no image (.jpg, .png) is in it. Name a folder that holds some")
    places = np.linspace(0, len(paths) - 1, min(limit or len(paths), len(paths))).round().astype(int)
    return [read_image(paths[place]) for place in places]


def take_turns(images: Sequence[NDArray[np.uint8]], size: int, say: ProgressCallback) -> list[Turn]:
    """size: images of a turn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # facenet-pytorch's torch.load
        peer = MTCNN(keep_all=True, device="cpu").eval()

    def by_peer(some: Images) -> list[Detections]:
        return [_detections(*peer.detect(Image.fromarray(one), landmarks=True)) for one in some]

    ours = MTCNNDetector(device="cpu")
    by_peer(images[:3]), ours(images[:size])
    turns = []
    for first in range(0, len(images), size):
        say(f"image {first + 1} of {len(images)}")
        some = images[first : first + size]
        if first // size % 2:
            (mine, my_time), (theirs, their_time) = _timed(ours, some), _timed(by_peer, some)
        else:
            (theirs, their_time), (mine, my_time) = _timed(by_peer, some), _timed(ours, some)
        turns.append(Turn(theirs, mine, their_time, my_time))
    return turns


def _timed(
    detect: Callable[[Images], Sequence[Detections]], images: Images
) -> tuple[Sequence[Detections], float]:
    started = time.perf_counter()
    found = detect(images)
    return found, time.perf_counter() - started


def _detections(boxes: Any, scores: Any, landmarks: Any) -> Detections:
    if boxes is None:
        return Detections(*(np.zeros(shape, np.float32) for shape in ((0, 4), (0,), (0, 5, 2))))
    return Detections(*(np.asarray(values, dtype=np.float32) for values in (boxes, scores, landmarks)))


def overlaps(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes (M, 4) and (N, 4) -> intersections over union (M, N)."""
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    opposite = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = (opposite - corner).clip(min=0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    table: NDArray[np.float32] = shared / (areas[0][:, None] + areas[1][None] - shared)
    return table


def match(theirs: Detections, ours: Detections) -> list[tuple[int, int, float]]:
    """Pairs of the same face, each face once, closest first: their index, our index, overlap."""
    table = overlaps(theirs.boxes, ours.boxes)
    pairs = []
    while table.size and table.max() >= SAME_FACE:
        row, column = (int(index) for index in np.unravel_index(table.argmax(), table.shape))
        pairs.append((row, column, float(table[row, column])))
        table[row], table[:, column] = -1, -1
    return pairs


def agreement(turns: Sequence[Turn]) -> dict[str, float]:
    """How far ours are theirs: faces counted over all images, differences the largest of any face."""
    overlap, scores, points = [], [0.0], [0.0]
    their_found = [found for turn in turns for found in turn.theirs]
    our_found = [found for turn in turns for found in turn.ours]
    for one, other in zip(their_found, our_found, strict=True):
        for row, column, shared in match(one, other):
            overlap.append(shared)
            scores.append(float(abs(one.scores[row] - other.scores[column])))
            points.append(float(abs(one.landmarks[row] - other.landmarks[column]).max()))
    theirs, ours = (sum(len(found.boxes) for found in each) for each in (their_found, our_found))
    return {
        "their_faces": theirs,
        "our_faces": ours,
        "lost": theirs - len(overlap),
        "gained": ours - len(overlap),
        "same_box_share": float(np.mean(np.array(overlap) >= SAME_BOX)) if overlap else float("nan"),
        "largest_score_difference": max(scores),
        "largest_landmark_difference_px": max(points),
        "their_images_with_a_face": sum(len(found.boxes) > 0 for found in their_found),
        "our_images_with_a_face": sum(len(found.boxes) > 0 for found in our_found),
    }


def measure(options: argparse.Namespace, say: ProgressCallback) -> Record:
    load = load_average()
    images = read_images(options.images, options.limit)
    turns = take_turns(images, options.batch_size, say)
    whole = [turn for turn in turns if len(turn.ours) == len(turns[0].ours)]
    theirs, ours = ([getattr(turn, name) for turn in whole] for name in ("their_seconds", "our_seconds"))
    faster = compare_rounds(theirs, ours)
    machine, versions = describe_machine(*load_recipe("quickstart"), torch.device("cpu"))
    measurements = [
        Measurement({"stage": "detect", "detector": name}, seconds, len(turns[0].ours))
        for name, seconds in (("facenet-pytorch", theirs), ("ferkit mtcnn", ours))
    ]
    where = str(options.images) if options.images else "composed of skimage's astronaut"
    facts: dict[str, Any] = {"times as fast": round(faster.ratio, 3)}
    facts["95% interval"] = faster.interval
    facts.update(agreement(turns))
    setting = {"images": f"{len(images)} of {where}", "batch_size": options.batch_size}
    title = "benchmarks/detection_peer.py"
    return Record(title, machine, versions, setting, measurements, warnings=busy_warnings(load), facts=facts)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_ends(parser)
    add = parser.add_argument
    add("--images", type=Path, help="a folder of images [composed ones, 720 × 576]")
    add("--limit", type=count, help="at most so many images, evenly over the folder [all]")
    add("--batch-size", type=count, default=16, help="images that ferkit is given at once [16]")
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
