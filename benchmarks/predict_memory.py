"""Whether the memory of `ferkit predict` grows with what it is given: its peak for many pictures and for few.

Drawn faces, a network of random numbers, a process of its own for each; first a folder of pictures, then a
video. Peaks are of the resident set, by the operating system. A ratio of 1 is memory that does not grow.

    python -m benchmarks.predict_memory --few 2000 --many 20000
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ferkit.components.part import Part
from ferkit.interfaces import CANONICAL_LABELS
from ferkit.neural.build import build_model
from ferkit.neural.checkpoint import save_network
from ferkit.predict.model.description import Description
from ferkit.recipe.load import load_recipe

SIDE = 96
TOLD = """
import resource, sys
from pathlib import Path
from ferkit.cli import main
try:
    main()
finally:
    status = Path("/proc/self/status")
    if status.exists():  # on Linux, ru_maxrss begins with the parent's
        lines = status.read_text().splitlines()
        print(1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")))
    else:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
"""What the measured process runs: its peak in bytes, once all is done."""


def draw_face(number: int) -> NDArray[np.uint8]:
    """(SIDE, SIDE, 3) uint8; another one for each number."""
    numbers = np.random.default_rng(number)
    image = numbers.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    middle, width = SIDE // 2, int(numbers.integers(24, 34))
    cv2.ellipse(image, (middle, middle), (width, 40), 0, 0, 360, (150, 180, 220), -1)
    for x in (middle - width // 2, middle + width // 2):
        cv2.circle(image, (x, middle - 10), 4, (40, 40, 60), -1)
    cv2.ellipse(image, (middle, middle + 20), (10, int(numbers.integers(1, 8))), 0, 0, 180, (60, 60, 160), 2)
    return image


def write_model(file: Path, detector: str) -> None:
    """The quickstart's network, untrained."""
    recipe, registry = load_recipe("quickstart")
    torch.manual_seed(0)
    network = build_model(recipe.model, registry, CANONICAL_LABELS)
    description = Description(CANONICAL_LABELS, recipe.model, Part(name=detector))
    save_network(file, network.state_dict(), CANONICAL_LABELS, description=description.as_table())


def write_pictures(folder: Path, count: int) -> Path:
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
    """Bytes at most, of a process that predicts all that is given. Raises SystemExit where it fails."""
    typed = ["predict", str(given), "--model", str(model), "--out", str(out)]
    answer = subprocess.run([sys.executable, "-c", TOLD, *typed], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"ferkit {' '.join(typed)} ended with {answer.returncode}: {answer.stderr}")
    return int(answer.stdout)


def main(typed: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--few", type=int, default=2000, help="pictures, and frames")
    parser.add_argument("--many", type=int, default=20000, help="pictures, and frames")
    parser.add_argument("--detector", default="mtcnn", help="a detector by name")
    arguments = parser.parse_args(typed)
    print(f"| {arguments.detector} | {arguments.few}, MB | {arguments.many}, MB | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        model = Path(place, "model.safetensors")
        write_model(model, arguments.detector)
        for kind, write, suffix in (("pictures", write_pictures, ""), ("frames", write_video, ".avi")):
            few, many = (
                measure_peak(
                    write(Path(place, f"{kind}{count}{suffix}"), count), model, Path(place, "out.csv")
                )
                for count in (arguments.few, arguments.many)
            )
            print(f"| {kind} | {few / 1e6:.0f} | {many / 1e6:.0f} | {many / few:.3f} |", flush=True)


if __name__ == "__main__":
    main()
