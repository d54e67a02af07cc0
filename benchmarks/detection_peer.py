"""Compare ferkit's MTCNN with facenet-pytorch's: speed, and whether both find the same faces.

The two take turns on the same decoded images in one process, and take turns in starting.
facenet-pytorch is called as in its documentation: `MTCNN(keep_all=True).detect(image)`, with landmarks.
ferkit gets 16 images at once, as in `ferkit run`, or one with --batch-size 1. "times as fast" is the median
ratio over the turns, with a 95% bootstrap interval. A last turn with fewer images is not timed.

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
from facenet_pytorch import MTCNN
from ferkit_detectors.mtcnn.detector import MTCNNDetector
from numpy.typing import NDArray
from PIL import Image
from skimage.data import astronaut

from benchmarks.script import count, make_parser, make_record, run_script
from ferkit.bench.ratio import compare_rounds
from ferkit.bench.record import Measurement, Record
from ferkit.bench.run import ProgressCallback
from ferkit.bench.subject import find_images
from ferkit.data.images import read_image
from ferkit.plugin import Detections

SIZE = 720, 576
SAME_FACE, SAME_BOX = 0.5, 0.95
"""Intersections over union."""
Images = Sequence[NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Turn:
    """The detections of both in the same images, and the seconds that each took."""

    theirs: Sequence[Detections]
    ours: Sequence[Detections]
    their_seconds: float
    our_seconds: float


def compose(number: int) -> NDArray[np.uint8]:
    """Draw one to three astronauts of different sizes and tilts on noise: (576, 720, 3) uint8."""
    rng = np.random.default_rng(number)
    canvas = Image.fromarray(rng.integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8))
    portrait = Image.fromarray(astronaut())  # type: ignore[no-untyped-call]
    for _ in range(rng.integers(1, 4)):
        side = int(rng.integers(120, 560))
        tilted = portrait.rotate(float(rng.uniform(-20, 20)), Image.Resampling.BICUBIC).resize((side, side))
        canvas.paste(tilted, (int(rng.integers(0, SIZE[0] - side // 2)), int(rng.integers(0, 300))))
    return np.asarray(canvas)


def read_images(folder: Path | None, limit: int | None) -> list[NDArray[np.uint8]]:
    """Read images evenly from a folder and its subfolders, or compose some (20 by default)."""
    if folder is None:
        return [compose(number) for number in range(limit or 20)]
    paths = find_images(folder)
    places = np.linspace(0, len(paths) - 1, min(limit or len(paths), len(paths))).round().astype(int)
    return [read_image(paths[place]) for place in places]


def make_peer(**options: Any) -> MTCNN:
    """Build facenet-pytorch's MTCNN on the CPU, without the warning of its torch.load."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return MTCNN(device="cpu", **options).eval()


def take_turns(images: Sequence[NDArray[np.uint8]], size: int, say: ProgressCallback) -> list[Turn]:
    """Detect with both in turns of `size` images."""
    peer = make_peer(keep_all=True)

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
    """Compute the intersections over union (M, N) of boxes (M, 4) and (N, 4)."""
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    opposite = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = (opposite - corner).clip(min=0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    table: NDArray[np.float32] = shared / (areas[0][:, None] + areas[1][None] - shared)
    return table


def match(theirs: Detections, ours: Detections) -> list[tuple[int, int, float]]:
    """Pair the same faces, closest first: (their index, our index, overlap). No face is in two pairs."""
    table = overlaps(theirs.boxes, ours.boxes)
    pairs = []
    while table.size and table.max() >= SAME_FACE:
        row, column = (int(index) for index in np.unravel_index(table.argmax(), table.shape))
        pairs.append((row, column, float(table[row, column])))
        table[row], table[:, column] = -1, -1
    return pairs


def agreement(turns: Sequence[Turn]) -> dict[str, float]:
    """Count faces found by both and by one of them; report the largest differences of any face."""
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
    images = read_images(options.images, options.limit)
    turns = take_turns(images, options.batch_size, say)
    whole = [turn for turn in turns if len(turn.ours) == len(turns[0].ours)]
    theirs, ours = ([getattr(turn, name) for turn in whole] for name in ("their_seconds", "our_seconds"))
    faster = compare_rounds(theirs, ours)
    measurements = [
        Measurement({"stage": "detect", "detector": name}, seconds, len(turns[0].ours))
        for name, seconds in (("facenet-pytorch", theirs), ("ferkit mtcnn", ours))
    ]
    where = str(options.images) if options.images else "composed of skimage's astronaut"
    facts = {"times as fast": round(faster.ratio, 3), "95% interval": faster.interval, **agreement(turns)}
    setting = {"images": f"{len(images)} of {where}", "batch_size": options.batch_size}
    return make_record("benchmarks/detection_peer.py", setting, measurements, facts)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--images", type=Path, help="a folder of images [composed images, 720 × 576]")
    add("--limit", type=count, help="maximum number of images, evenly over the folder [all]")
    add("--batch-size", type=count, default=16, help="images that ferkit gets at once [16]")
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
