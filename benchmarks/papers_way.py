"""Compare an epoch of a recipe with InceptionResnetV1 in ferkit with the paper's way of doing it.

The paper's way reads all images in every epoch and finds their faces with MTCNN, batch by batch. It trains
and tests facenet-pytorch's own modules in float32, and keeps nothing between epochs. ferkit finds the faces
once, before the first epoch, and writes the training state after each. The two take turns, an epoch each.
"until images were there" is the time of an epoch spent on reading and detection, or on waiting for it.
With --memory, each does one epoch in its own process. The result is the peak memory above the memory in use
before images and network were loaded.

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

from benchmarks.detection_peer import make_peer
from benchmarks.script import count, make_parser, make_record, run_script
from benchmarks.timed_epochs import TimedEpoch, Waiting, ferkit_epochs, take_turns
from ferkit.bench.memory import resident
from ferkit.bench.ratio import compare_rounds
from ferkit.bench.recipes import load_for_bench
from ferkit.bench.record import Record
from ferkit.bench.run import ProgressCallback
from ferkit.components.build import build
from ferkit.components.registry import Registry
from ferkit.data.faces import find_faces
from ferkit.data.splits import stratified_folds
from ferkit.interfaces import Sample
from ferkit.neural.augment import Augmentation
from ferkit.neural.build import build_loss, build_model
from ferkit.neural.device import choose_precision
from ferkit.neural.optim import build_optimizer
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
    """Find the faces, then train, test and write the state in each epoch."""
    train, test = (
        find_faces(work.recipe.detector, work.recipe.faces, work.registry, samples).faces
        for samples in (work.train, work.test)
    )
    yield from ferkit_epochs(work.recipe, work.registry, train, test, work.labels)


def paper_epochs(work: Work) -> Iterator[TimedEpoch]:
    """Read, detect and train, then read, detect and test, in each epoch."""
    recipe, side = work.recipe, work.recipe.model.image_size
    network = build_model(recipe.model, work.registry, work.labels)
    network.backbone.forward = partial(run_modules, network.backbone)
    counts = [len(work.train) // len(work.labels)] * len(work.labels)
    loss = build_loss(recipe.loss, work.registry, work.labels, counts)
    optimizer = build_optimizer(network, recipe.fit, work.registry)
    detector = make_peer(image_size=side, margin=0, selection_method="probability")
    read = partial(read_batch, detector, Augmentation(recipe.augment, side, work.registry), work.labels)
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
    """Compute the backbone's stages as facenet-pytorch does."""
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
    """Read images of one size. An image without a face is used whole.

    Returns:
        Faces (B, 3, side, side) as (x − 127.5)/128, and label indices (B,).
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
    """Yield batches in a fixed order, without a last batch of one, which batch norm cannot train on."""
    order = np.random.default_rng(0).permutation(len(samples)).tolist()
    for start in range(0, len(order), size):
        if len(batch := order[start : start + size]) > 1:
            yield [samples[position] for position in batch]


def load_work(options: argparse.Namespace) -> Work:
    """Load one fold of the recipe's images, or of generated faces."""
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
    work = load_work(options)
    setting = {
        "recipe": work.recipe.name,
        "image_size": work.recipe.model.image_size,
        "precision": f"{choose_precision(work.recipe.fit)}; the paper's float32",
        "training": len(work.train),
        "test": len(work.test),
    }
    title, loaded = f"benchmarks/papers_way.py {options.recipe}", (work.recipe, work.registry)
    if options.memory:
        peaks = {way: peak_in_process(options, way) for way in WAYS}
        facts: dict[str, Any] = {f"{way}, MB at most": round(peak / 1e6) for way, peak in peaks.items()}
        facts["ratio"] = round(peaks["paper"] / peaks["ferkit"], 2)
        return make_record(title, setting, [], facts, loaded=loaded)
    ways = {"ferkit": our_epochs(work), "paper": paper_epochs(work)}
    measurements, waited = take_turns(ways, options.repeats, len(work.train) + len(work.test), say)
    ferkit, paper = measurements
    speed = compare_rounds(paper.seconds, ferkit.seconds)
    facts = {"times as fast": round(speed.ratio, 2), "95% interval": speed.interval}
    for way, one in zip(WAYS, measurements, strict=True):
        facts[f"{way}, until images were there"] = f"{median(waited[way]):.1f} s of {one.median:.1f}"
    return make_record(title, setting, measurements, facts, loaded=loaded)


def peak_in_process(options: argparse.Namespace, way: str) -> int:
    """Run one epoch in its own process and return its peak memory in bytes."""
    command = [sys.executable, "-m", "benchmarks.papers_way", options.recipe, "--only", way]
    command += [word for one in options.set for word in ("--set", one)]
    command += ["--drawn", str(options.drawn)] if options.drawn else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return int(done.stdout)


def print_peak(options: argparse.Namespace) -> None:
    """Print the peak memory of one epoch, in bytes above the memory before anything was loaded."""
    work = load_work(options)
    before = resident()
    next(our_epochs(work) if options.only == "ferkit" else paper_epochs(work))
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--repeats", type=count, default=5, help="counted epochs of each [5]")
    add("recipe", nargs="?", default="sfew_inception", help="a file or a shipped recipe [sfew_inception]")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the recipe")
    add("--drawn", type=int, metavar="N", help="use N generated faces instead of the recipe's images")
    add("--memory", action="store_true", help="measure the memory of each instead of the time")
    add("--only", choices=WAYS, help=argparse.SUPPRESS)
    if (options := parser.parse_args(arguments)).only:
        print_peak(options)
    else:
        run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
