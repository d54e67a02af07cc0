"""An epoch of a recipe with InceptionResnetV1 by ferkit, against one done as the paper did it.

The paper's way: in every epoch the images are read, MTCNN finds their faces batch by batch, and the
network is trained and tested in float32 by facenet-pytorch's own modules; nothing is kept from one epoch to
the next. ferkit finds the faces once, before the first epoch, and writes the state to go on from after each.
The two take turns, an epoch each. "until images were there" is the part of an epoch that went into reading
and detecting, or into waiting for it. With --memory each does one epoch in a process of its own instead, and
what is told is the most memory that it had above what it had before there were images and a network.

    OMP_NUM_THREADS=2 python -m benchmarks.papers_way sfew_inception --set model.image_size=160
    OMP_NUM_THREADS=2 python -m benchmarks.papers_way sfew_multiscale --memory
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from facenet_pytorch import MTCNN
from facenet_pytorch.models.utils.detect_face import extract_face
from ferkit_backbones.inception_resnet_v1.backbone import STAGES
from PIL import Image
from torch import Tensor

from benchmarks.script import add_ends, count, run_script
from benchmarks.timed_epochs import TimedEpoch, Waiting, ferkit_epochs
from ferkit.bench.machine import describe_machine, load_average
from ferkit.bench.memory import resident
from ferkit.bench.ratio import compare_rounds
from ferkit.bench.recipes import load_for_bench
from ferkit.bench.record import Measurement, Record
from ferkit.bench.run import ProgressCallback, busy_warnings
from ferkit.components.build import build
from ferkit.components.registry import Registry
from ferkit.data.faces import find_faces
from ferkit.data.splits import stratified_folds
from ferkit.interfaces import Sample
from ferkit.neural.augment import Augmentation
from ferkit.neural.build import build_loss, build_model
from ferkit.neural.device import choose_precision
from ferkit.neural.optim import make_optimizer
from ferkit.neural.preprocessing import MEAN_AND_DEVIATION
from ferkit.recipe.load import load_recipe
from ferkit.recipe.schema import Recipe

WAYS = ("ferkit", "paper")

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Work:
    """A recipe and the images of one fold."""

    recipe: Recipe
    registry: Registry
    train: Sequence[Sample]
    test: Sequence[Sample]
    labels: Sequence[str]


def our_epochs(work: Work) -> Iterator[TimedEpoch]:
    """Training, testing, and writing the state."""
    train, test = (
        find_faces(work.recipe.detector, work.recipe.faces, work.registry, samples).faces
        for samples in (work.train, work.test)
    )
    yield from ferkit_epochs(work.recipe, work.registry, train, test, work.labels)


def paper_epochs(work: Work) -> Iterator[TimedEpoch]:
    """Reading, detecting, training, and the same for testing."""
    recipe, side = work.recipe, work.recipe.model.image_size
    network = build_model(recipe.model, work.registry, work.labels)
    network.backbone.forward = partial(run_modules, network.backbone)
    counts = [len(work.train) // len(work.labels)] * len(work.labels)
    loss = build_loss(recipe.loss, work.registry, work.labels, counts)
    optimizer = make_optimizer(network, recipe.fit.optimizer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # its torch.load, of its own wheel's files
        detector = MTCNN(image_size=side, margin=0, selection_method="probability", device="cpu")
    read = partial(read_batch, detector, Augmentation(recipe.augment, side), work.labels)
    waiting = Waiting(iter)

    def epoch() -> None:
        network.train()
        batches = in_batches(work.train, recipe.fit.batch_size)
        for images, targets in waiting(read(samples, is_training=True) for samples in batches):
            optimizer.zero_grad()
            loss(network(images), targets).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            batches = in_batches(work.test, recipe.fit.batch_size)
            for images, _ in waiting(read(samples, is_training=False) for samples in batches):
                network(images).softmax(dim=1)

    while True:
        started, waiting.seconds = time.perf_counter(), 0.0
        epoch()
        yield TimedEpoch(time.perf_counter() - started, waiting.seconds)


def run_modules(backbone: Any, images: Tensor) -> dict[str, Tensor]:
    """The trunk's stages as facenet-pytorch computes them."""
    maps, trunk = {}, backbone.trunk
    for stage in backbone.stages:
        if stage == "embedding":
            images = trunk.get_submodule("dropout")(trunk.get_submodule("avgpool_1a")(images)).flatten(1)
        for name in STAGES[stage]:
            images = trunk.get_submodule(name)(images)
        maps[stage] = images
    if "embedding" in maps:
        maps["embedding"] = images[:, :, None, None]
    return maps


def read_batch(
    detector: MTCNN,
    augmentation: Augmentation,
    labels: Sequence[str],
    samples: Sequence[Sample],
    is_training: bool,
) -> tuple[Tensor, Tensor]:
    """Images of one size -> faces (B, 3, side, side), (x − 127.5)/128, and labels.

    An image in which none is found is taken whole.
    """
    side = (detector.image_size, detector.image_size)
    opened = [Image.open(sample.path).convert("RGB") for sample in samples]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Not detector(opened): under numpy 2 that fails where one of them has no face.
        found, _ = detector.detect(opened)
    faces = []
    for position, (boxes, one_image) in enumerate(zip(found, opened, strict=True)):
        if boxes is None:
            image = np.asarray(one_image.resize(side))
        else:
            face: Tensor = extract_face(one_image, boxes[0], detector.image_size)
            image = face.permute(1, 2, 0).numpy().clip(0, 255).astype(np.uint8)
        faces.append(augmentation(image, position) if is_training else image)
    mean, deviation = (np.asarray(values, np.float32) for values in MEAN_AND_DEVIATION["facenet"])
    pixels = (np.stack(faces).astype(np.float32) - mean) / deviation
    targets = torch.tensor([labels.index(sample.label) for sample in samples])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(), targets


def in_batches(samples: Sequence[Sample], size: int) -> Iterator[Sequence[Sample]]:
    """In one order; a last batch of one, which batch norm can't be trained on, is left out."""
    order = np.random.default_rng(0).permutation(len(samples)).tolist()
    for start in range(0, len(order), size):
        if len(batch := order[start : start + size]) > 1:
            yield [samples[position] for position in batch]


def load_work(options: argparse.Namespace) -> Work:
    """One fold of the recipe's own images, or of drawn ones."""
    overrides = [*options.set, f"fit.epochs={options.repeats + 2}", 'fit.device="cpu"']
    if options.drawn:
        recipe, registry = load_for_bench(options.recipe, overrides, {}, options.drawn, 320)
    else:
        recipe, registry = load_recipe(options.recipe, overrides)
    samples = build(registry, "dataset", recipe.data).samples()[: options.drawn or None]
    truth = [sample.label for sample in samples]
    ours = [[samples[position] for position in fold] for fold in stratified_folds(truth, 2, 0)]
    return Work(recipe, registry, ours[0], ours[1], sorted(set(truth)))


def measure(options: argparse.Namespace, say: ProgressCallback) -> Record:
    load, work = load_average(), load_work(options)
    machine, versions = describe_machine(work.recipe, work.registry, torch.device("cpu"))
    setting = {
        "recipe": work.recipe.name,
        "image_size": work.recipe.model.image_size,
        "precision": f"{choose_precision(work.recipe.fit)}; the paper's float32",
        "training": len(work.train),
        "test": len(work.test),
    }
    title = f"benchmarks/papers_way.py {options.recipe}"
    if options.memory:
        peaks = {way: peak_in_process(options, way) for way in WAYS}
        told = {f"{way}, MB at most": round(peak / 1e6) for way, peak in peaks.items()}
        facts: dict[str, Any] = {**told, "ratio": round(peaks["paper"] / peaks["ferkit"], 2)}
        measurements: list[Measurement] = []
    else:
        measurements, facts = take_turns(work, options.repeats, say)
    warnings = busy_warnings(load)
    return Record(title, machine, versions, setting, measurements, warnings=warnings, facts=facts)


def take_turns(work: Work, rounds: int, say: ProgressCallback) -> tuple[list[Measurement], dict[str, Any]]:
    """An epoch of each, again and again, after a first one that does not count."""
    ways = {"ferkit": our_epochs(work), "paper": paper_epochs(work)}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    waited: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way, epochs in ways.items():
            say(f"epoch {number} of {rounds}, the way of {way}")
            took = next(epochs)
            if number:
                seconds[way].append(took.seconds)
                waited[way].append(took.waited)
    speed = compare_rounds(seconds["paper"], seconds["ferkit"])
    images = len(work.train) + len(work.test)
    measurements = [Measurement({"stage": "epoch", "way": way}, seconds[way], images) for way in WAYS]
    facts: dict[str, Any] = {"times as fast": round(speed.ratio, 2), "95% interval": speed.interval}
    for way in WAYS:
        until, whole = median(waited[way]), median(seconds[way])
        facts[f"{way}, until images were there"] = f"{until:.1f} s of {whole:.1f}"
    return measurements, facts


def peak_in_process(options: argparse.Namespace, way: str) -> int:
    """Bytes, of one epoch in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.papers_way", options.recipe, "--only", way]
    command += [word for one in options.set for word in ("--set", one)]
    command += ["--drawn", str(options.drawn)] if options.drawn else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return int(done.stdout)


def print_peak(options: argparse.Namespace) -> None:
    """The most memory of an epoch done one way, above that before anything was read or built, in bytes."""
    work = load_work(options)
    before = resident()
    next(our_epochs(work) if options.only == "ferkit" else paper_epochs(work))
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_ends(parser)
    add = parser.add_argument
    add("--repeats", type=count, default=5, help="epochs of each that count [5]")
    add("recipe", nargs="?", default="sfew_inception", help="a file or a shipped recipe [sfew_inception]")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the recipe")
    add("--drawn", type=int, metavar="N", help="N drawn faces instead of the recipe's images")
    add("--memory", action="store_true", help="how much memory each takes, instead of how long")
    add("--only", choices=WAYS, help=argparse.SUPPRESS)
    if (options := parser.parse_args(arguments)).only:
        print_peak(options)
    else:
        run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
