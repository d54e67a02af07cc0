"""Measure whether the memory of `ferkit predict` grows with the number of images or video frames.

The images are generated and the network is untrained. Each call runs in its own process: few and many
images of a folder, then few and many frames of a video. The peak is the resident set reported by the
operating system. A ratio of 1 means that memory does not grow.

    python -m benchmarks.predict_memory --few 2000 --many 20000
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.script import describe_options
from ferkit.components.part import Part
from ferkit.interfaces import CANONICAL_LABELS
from ferkit.neural.build import build_model
from ferkit.neural.checkpoint import save_network
from ferkit.predict.model.description import Description
from ferkit.recipe.load import load_recipe

SIDE = 96
PREDICT_AND_PRINT_PEAK = """
import resource, sys
from pathlib import Path
from ferkit.cli import main
try:
    main()
finally:
    status = Path("/proc/self/status")
    if status.exists():  # on Linux, ru_maxrss starts with the parent's
        lines = status.read_text().splitlines()
        print(1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")))
    else:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
"""The measured program. It prints its peak in bytes at the end."""


def draw_face(number: int) -> NDArray[np.uint8]:
    """Draw a face, (SIDE, SIDE, 3) uint8, by number."""
    numbers = np.random.default_rng(number)
    image = numbers.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    middle, width = SIDE // 2, int(numbers.integers(24, 34))
    cv2.ellipse(image, (middle, middle), (width, 40), 0, 0, 360, (150, 180, 220), -1)
    for x in (middle - width // 2, middle + width // 2):
        cv2.circle(image, (x, middle - 10), 4, (40, 40, 60), -1)
    cv2.ellipse(image, (middle, middle + 20), (10, int(numbers.integers(1, 8))), 0, 0, 180, (60, 60, 160), 2)
    return image


def write_model(file: Path, detector: str) -> None:
    """Write the quickstart recipe's network, untrained."""
    recipe, registry = load_recipe("quickstart")
    torch.manual_seed(0)
    network = build_model(recipe.model, registry, CANONICAL_LABELS)
    description = Description(CANONICAL_LABELS, recipe.model, Part(name=detector))
    save_network(file, network.state_dict(), CANONICAL_LABELS, description=description.as_table())


def write_images(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        cv2.imwrite(str(folder / f"{number:06}.jpg"), draw_face(number))
    return folder


def write_video(file: Path, count: int) -> Path:
    video = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 25, (SIDE, SIDE))
    for number in range(count):
        video.write(draw_face(number))
    video.release()
    return file


def measure_peak(given: Path, model: Path, out: Path) -> int:
    """Return the peak memory of a predicting process, in bytes. Raises SystemExit if it fails."""
    typed = ["predict", str(given), "--model", str(model), "--out", str(out)]
    answer = subprocess.run(
        [sys.executable, "-c", PREDICT_AND_PRINT_PEAK, *typed], capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise SystemExit(f"ferkit {' '.join(typed)} ended with {answer.returncode}: {answer.stderr}")
    return int(answer.stdout)


def main(typed: Sequence[str] | None = None) -> None:
    parser = describe_options(__doc__)
    parser.add_argument("--few", type=int, default=2000, help="number of images and of frames")
    parser.add_argument("--many", type=int, default=20000, help="number of images and of frames")
    parser.add_argument("--detector", default="mtcnn", help="name of a detector [mtcnn]")
    arguments = parser.parse_args(typed)
    print(f"| {arguments.detector} | {arguments.few}, MB | {arguments.many}, MB | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        model = Path(place, "model.safetensors")
        write_model(model, arguments.detector)
        for kind, write, suffix in (("images", write_images, ""), ("frames", write_video, ".avi")):
            few, many = (
                measure_peak(
                    write(Path(place, f"{kind}{count}{suffix}"), count), model, Path(place, "out.csv")
                )
                for count in (arguments.few, arguments.many)
            )
            print(f"| {kind} | {few / 1e6:.0f} | {many / 1e6:.0f} | {many / few:.3f} |", flush=True)


if __name__ == "__main__":
    main()
