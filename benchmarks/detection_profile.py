"""Profile the steps of the MTCNN cascade in facenet-pytorch and ferkit on the same images.

A clock wraps the functions of the steps. Both run in one process, in turns, one image at a time. "other" is
the rest of the whole call.

    OMP_NUM_THREADS=2 python -m benchmarks.detection_profile --images "$FERKIT_DATA/sfew"
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import ferkit_detectors.mtcnn.cascade
import ferkit_detectors.mtcnn.proposals
import torch
from facenet_pytorch import MTCNN
from facenet_pytorch.models.utils import detect_face
from ferkit_detectors.mtcnn.detector import MTCNNDetector
from PIL import Image

from benchmarks.detection_peer import make_peer, read_images
from benchmarks.script import count, make_parser, make_record, run_script
from ferkit.bench.record import Measurement, Record
from ferkit.bench.run import ProgressCallback

STEPS = ("shrink the image", "P-Net", "cut out and resize boxes", "R-Net", "O-Net", "suppression", "other")
WARM_UP = 3
NOT_NEEDED = 1e-9
"""Seconds of a step that an image did not reach, because a record has no zero."""
SHRINK, PNET, CUT, RNET, ONET, SUPPRESS, OTHER = STEPS


class Clock:
    """The seconds of each step. A step inside another counts for the outer one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.is_running = False

    def timed(self, step: Callable[..., str], function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function; `step` names the step from the function's arguments."""

        def call(*arguments: Any, **options: Any) -> Any:
            if self.is_running:
                return function(*arguments, **options)
            self.is_running, started = True, time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.is_running = False
                self.seconds[step(*arguments)] += time.perf_counter() - started

        return call

    @contextmanager
    def watching(self, places: Sequence[tuple[Any, str, Callable[..., str]]]) -> Iterator[None]:
        """Wrap the functions given as (module or object, name of its function, step)."""
        with ExitStack() as stack:
            for owner, name, step in places:
                stack.enter_context(patch.object(owner, name, self.timed(step, getattr(owner, name))))
            yield


def always(step: str) -> Callable[..., str]:
    return lambda *arguments: step


def their_places(peer: MTCNN) -> list[tuple[Any, str, Callable[..., str]]]:
    def resized(image: torch.Tensor, size: tuple[int, int]) -> str:
        return CUT if size[0] == size[1] in (24, 48) else SHRINK

    networks = [(getattr(peer, name), "forward", always(step)) for name, step in NETWORKS.items()]
    suppressing = [(detect_face, name, always(SUPPRESS)) for name in ("batched_nms", "batched_nms_numpy")]
    return [*networks, *suppressing, (detect_face, "imresample", resized)]


def our_places(detector: MTCNNDetector) -> list[tuple[Any, str, Callable[..., str]]]:
    cascade, proposals, runtime = (
        ferkit_detectors.mtcnn.cascade,
        ferkit_detectors.mtcnn.proposals,
        detector.cascade.runtime,
    )
    networks = [(getattr(runtime, name), "forward", always(step)) for name, step in NETWORKS.items()]
    return [
        *networks,
        (runtime, "summed_area", always(SHRINK)),
        (proposals, "resize", always(SHRINK)),
        (cascade, "resize_boxes", always(CUT)),
        *((module, "suppress", always(SUPPRESS)) for module in (cascade, proposals)),
        (cascade, "suppress_nested", always(SUPPRESS)),
    ]


NETWORKS = {"pnet": PNET, "rnet": RNET, "onet": ONET}


def profile(detect: Callable[[Any], object], clock: Clock, image: Any) -> Mapping[str, float]:
    """Return the seconds of each step of one call."""
    clock.seconds.clear()
    started = time.perf_counter()
    detect(image)
    whole = time.perf_counter() - started
    return {**clock.seconds, OTHER: whole - sum(clock.seconds.values())}


def measure(options: argparse.Namespace, say: ProgressCallback) -> Record:
    images = read_images(options.images, options.limit)
    peer = make_peer(keep_all=True)
    ours, clocks = MTCNNDetector(device="cpu"), (Clock(), Clock())
    calls = {
        "facenet-pytorch": lambda one: peer.detect(Image.fromarray(one), landmarks=True),
        "ferkit mtcnn": lambda one: ours([one]),
    }
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    with clocks[0].watching(their_places(peer)), clocks[1].watching(our_places(ours)):
        for number, image in enumerate([*WARM_UP * images[:1], *images], start=1 - WARM_UP):
            say(f"image {number} of {len(images)}")
            for (name, detect), clock in zip(calls.items(), clocks, strict=True):
                steps = profile(detect, clock, image)
                for step in STEPS if number > 0 else ():
                    taken[name, step].append(steps.get(step, 0.0) or NOT_NEEDED)
    measurements = [Measurement({"detector": key[0], "step": key[1]}, each) for key, each in taken.items()]
    setting = {"images": f"{len(images)} of {options.images}"}
    facts = {f"{name}, ms of an image": _means(taken, name) for name in calls}
    return make_record("benchmarks/detection_profile.py", setting, measurements, facts)


def _means(taken: Mapping[tuple[str, str], Sequence[float]], name: str) -> str:
    means = {step: 1000 * sum(taken[name, step]) / len(taken[name, step]) for step in STEPS}
    return f"{sum(means.values()):.1f}: " + ", ".join(f"{step} {ms:.1f}" for step, ms in means.items())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--images", type=Path, required=True, help="a folder of images")
    add("--limit", type=count, default=100, help="maximum number, evenly over the folder [100]")
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
