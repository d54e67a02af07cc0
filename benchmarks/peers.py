"""Compare ferkit with other tools on the same images, in turns, each tool in its own environment.

There are two tasks: "faces" (find them) and "expressions" (find and classify them). Each tool has the
decoded images in memory before anything is timed. A call processes all of them. A tool that fails or cannot
be installed is listed as not measured, with the reason.

    python -m benchmarks.peers --environments peers --install --images FOLDER --out peers.json

pip and npm install fer, face-api and human into environments in that folder. facenet-pytorch is a dependency
of ferkit. It is measured in ferkit's environment, with the same torch.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.script import add_images, make_parser, make_record, measure_on_host, run_script
from benchmarks.worker import Worker
from ferkit.bench.measuring import Case, Key
from ferkit.bench.plan import Plan
from ferkit.bench.recipes import load_for_bench
from ferkit.bench.record import Record
from ferkit.bench.run import ProgressCallback
from ferkit.bench.subject import Subject
from ferkit.errors import RunError

HERE = Path(__file__).parent
FER = ("fer==25.10.3", "tensorflow", "setuptools<81", "opencv-python<5", "opencv-contrib-python<5")
TENSORFLOW_JS = ("@tensorflow/tfjs@4.22.0", "@tensorflow/tfjs-backend-wasm@4.22.0")
HUMAN = ("@vladmandic/human@3.3.6", *TENSORFLOW_JS)
FACE_API = ("@vladmandic/face-api@1.7.15", *TENSORFLOW_JS)


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool, its task, and the command that starts its worker."""

    name: str
    task: str
    start: tuple[str, ...]
    option: str = ""

    def command(self, listing: Path) -> list[str]:
        return [*self.start, str(listing), *([self.option] if self.option else [])]


def peers(environments: Path) -> list[Peer]:
    python, fer = sys.executable, str(environments / "fer" / "bin" / "python")
    modules, of_human = (str(environments / name / "node_modules") for name in ("face-api", "human"))
    worker, script = str(HERE / "peer_worker.py"), str(HERE / "peer_worker.mjs")
    return [
        Peer("ferkit mtcnn, batches of 16", "faces", (python, worker, "ferkit-16")),
        Peer("ferkit mtcnn, one by one", "faces", (python, worker, "ferkit-1")),
        Peer("facenet-pytorch MTCNN", "faces", (python, worker, "facenet-pytorch")),
        Peer("ferkit predict", "expressions", (python, worker, "ferkit-expressions")),
        Peer("ferkit predict, mtcnn", "expressions", (python, worker, "ferkit-mtcnn")),
        Peer("fer, Haar", "expressions", (fer, worker, "fer-haar")),
        Peer("fer, mtcnn=True", "expressions", (fer, worker, "fer-mtcnn")),
        Peer("face-api, tiny, wasm", "expressions", ("node", script, modules), "tiny"),
        Peer("face-api, SSD, wasm", "expressions", ("node", script, modules), "ssd"),
        Peer("human, wasm", "expressions", ("node", str(HERE / "peer_human.mjs"), of_human)),
    ]


def install(environments: Path, say: ProgressCallback) -> dict[str, str]:
    """Install the tools that are not there yet. Return the reason for each that failed."""
    environments.mkdir(parents=True, exist_ok=True)
    fer = environments / "fer"
    steps = {
        "fer": [
            [sys.executable, "-m", "venv", str(fer)],
            [str(fer / "bin" / "python"), "-m", "pip", "install", "--quiet", *FER],
        ],
        "face-api": [_npm(environments / "face-api", FACE_API)],
        "human": [_npm(environments / "human", HUMAN)],
    }
    failed = {}
    for tool, commands in steps.items():
        if (done := environments / f"{tool}.installed").exists():
            continue
        say(f"installing {tool}")
        try:
            for command in commands:
                subprocess.run(command, check=True, capture_output=True, text=True)
            done.touch()
        except (OSError, subprocess.CalledProcessError) as error:
            said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
            failed[tool] = f"Cannot install {tool}: {said[-1] if said else error}"
    return failed


def _npm(folder: Path, packages: Sequence[str]) -> list[str]:
    """Return the command that installs packages into a folder."""
    return ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *packages]


def measure_peers(options: argparse.Namespace, say: ProgressCallback) -> Record:
    failed = install(options.environments, say) if options.install else {}
    recipe, registry = load_for_bench("quickstart", [], {}, options.count, options.drawn_size)
    plan = Plan(["decode"], [options.count], "float32", "cpu", images=options.images)
    subject = Subject.of(recipe, registry, plan)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        listing = write_images(list(subject.images.values()), folder)
        cases, missing, found = start_peers(options, listing, failed, stack, say)
        outcome = measure_on_host(cases, options, say)
    setting = {"images": subject.describe()["images"]}
    missing += outcome.missing
    return make_record("benchmarks/peers.py", setting, outcome.measurements, found, missing)


def start_peers(
    options: argparse.Namespace,
    listing: Path,
    failed: dict[str, str],
    stack: ExitStack,
    say: ProgressCallback,
) -> tuple[list[Case], list[tuple[Key, str]], dict[str, str]]:
    """Start the tools.

    Returns:
        The cases of those that run, the reasons for the others, and each tool's version and number of faces.
    """
    cases: list[Case] = []
    missing: list[tuple[Key, str]] = []
    found: dict[str, str] = {}
    for peer in peers(options.environments):
        key = {"task": peer.task, "tool": peer.name}
        say(f"starting {peer.name}")
        try:
            worker = stack.enter_context(Worker(peer.command(listing)))
            found[peer.name] = f"{worker.ask()['faces']} faces; {worker.ready}"
            images = len(json.loads(listing.read_text(encoding="utf-8")))
            cases.append(Case(key, worker.ask, images))
        except RunError as error:
            missing.append((key, failed.get(peer.name.partition(",")[0], str(error))))
    return cases, missing, found


def write_images(images: Sequence[NDArray[np.uint8]], folder: Path) -> Path:
    """Write images (H, W, 3) uint8 RGB as raw bytes; return the path of a JSON list of their sizes."""
    table = []
    for number, image in enumerate(images):
        image.tofile(folder / f"{number}.rgb")
        table.append({"file": f"{number}.rgb", "height": image.shape[0], "width": image.shape[1]})
    listing = folder / "images.json"
    listing.write_text(json.dumps(table), encoding="utf-8")
    return listing


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__, rounds=10, seconds=300)
    add = parser.add_argument
    add("--environments", type=Path, required=True, metavar="FOLDER", help="folder of the installed tools")
    add("--install", action="store_true", help="install missing tools there")
    add("--count", type=int, default=32, help="maximum number of images [32]")
    add_images(parser, size=320)
    run_script(measure_peers, parser, arguments)


if __name__ == "__main__":
    main()
