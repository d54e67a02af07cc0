"""How much longer ferkit's epoch takes than a plain loop over the same modules, in one process.

Both train the recipe's network on the same drawn faces and evaluate it on as many others: ferkit through
its estimator, state file and all, the plain loop by nothing but torch. The two take turns, so that what
else the machine does strikes both; the figure is the median ratio of neighbouring epochs.

    OMP_NUM_THREADS=2 python benchmarks/epoch_overhead.py recipes/sfew_inception.toml --image-size 160
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from ferkit.assemble import build
from ferkit.augment import Augmentation
from ferkit.bench.machine import describe_machine, load_average
from ferkit.bench.ratio import compare_rounds
from ferkit.bench.record import Measurement, Record
from ferkit.bench.run import Say, busy_notices
from ferkit.bench.script import add_ends, run_script
from ferkit.cropping import find_faces
from ferkit.demo import cut_down
from ferkit.estimators import build_loss, build_network
from ferkit.interfaces import Face
from ferkit.loading import load_recipe
from ferkit.neural.batches import EpochSampler, FaceImages
from ferkit.neural.device import choose_precision, seed_everything
from ferkit.neural.estimator import NeuralEstimator
from ferkit.neural.schedule import make_optimizer
from ferkit.progress import Silence
from ferkit.recipe import Recipe
from ferkit.registry import Registry


def ferkit_epochs(
    recipe: Recipe, registry: Registry, train: list[Face], test: list[Face], labels: list[str]
) -> Iterator[float]:
    """Seconds of each epoch, from one to the next: training, testing, and writing the state."""
    with tempfile.TemporaryDirectory() as folder:
        estimator = NeuralEstimator(
            recipe.model,
            recipe.fit,
            labels,
            seed=0,
            build_network=partial(build_network, recipe, registry, labels),
            build_loss=partial(build_loss, recipe.loss, registry, labels),
            augmentation=Augmentation(recipe.augment, recipe.model.image_size),
            state_file=Path(folder) / "state.pt",
        )
        epochs = estimator.fit(train, test)
        next(epochs)
        while True:
            started = time.perf_counter()
            if next(epochs, None) is None:
                return
            yield time.perf_counter() - started


def plain_epochs(
    recipe: Recipe, registry: Registry, train: list[Face], test: list[Face], labels: list[str]
) -> Iterator[float]:
    """Seconds of each epoch of the loop that anyone would write."""
    seed_everything(0)
    side, batch_size = recipe.model.image_size, recipe.fit.batch_size
    network = build_network(recipe, registry, labels).to(memory_format=torch.channels_last)
    loss = build_loss(recipe.loss, registry, labels, [len(train) // len(labels)] * len(labels))
    optimizer = make_optimizer(network, recipe.fit.optimizer)
    images = FaceImages(train, labels, side, recipe.model.normalize, Augmentation(recipe.augment, side))
    testing = FaceImages(test, labels, side, recipe.model.normalize)
    loader = DataLoader(images, batch_size, sampler=EpochSampler(len(train), 0))
    test_loader = DataLoader(testing, batch_size, sampler=EpochSampler(len(test), None))
    autocast = partial(
        torch.autocast, "cpu", torch.bfloat16, enabled=choose_precision(recipe.fit) == "bfloat16"
    )
    while True:
        started = time.perf_counter()
        network.train()
        for batch, targets in loader:
            with autocast():
                logits = network(batch.contiguous(memory_format=torch.channels_last))
            value = loss(logits.float(), targets)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
        network.eval()
        with torch.inference_mode(), autocast():
            for batch, _ in test_loader:
                network(batch.contiguous(memory_format=torch.channels_last)).softmax(dim=1)
        yield time.perf_counter() - started


def measure(options: argparse.Namespace, say: Say) -> Record:
    """Epochs of both in turns; the fact "ratio" is how many times as long ferkit's takes."""
    load = load_average()
    recipe, registry = _load(options)
    samples = build(registry, "dataset", recipe.data).samples()
    drawn = find_faces(recipe, registry, samples, Silence()).faces
    labels = sorted({face.sample.label for face in drawn})
    train, test = list(drawn[::2]), list(drawn[1::2])
    loops = {
        "ferkit": ferkit_epochs(recipe, registry, train, test, labels),
        "plain": plain_epochs(recipe, registry, train, test, labels),
    }
    next(loops["plain"])
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for number in range(options.epochs):
        say(f"epoch {number + 1} of {options.epochs}")
        for name, loop in loops.items():
            seconds[name].append(next(loop))
    measured = [
        Measurement({"stage": "epoch", "loop": name}, times, len(drawn)) for name, times in seconds.items()
    ]
    longer = compare_rounds(seconds["ferkit"], seconds["plain"])
    machine, versions = describe_machine(recipe, registry, torch.device("cpu"))
    setting = {
        "recipe": recipe.name,
        "image_size": recipe.model.image_size,
        "precision": choose_precision(recipe.fit),
        "photographs": f"{len(train)} faces to train, {len(test)} to test",
    }
    facts = {"ratio": round(longer.ratio, 4), "interval": [round(longer.low, 4), round(longer.high, 4)]}
    title = "benchmarks/epoch_overhead.py"
    return Record(title, machine, versions, setting, measured, notices=busy_notices(load), facts=facts)


def _load(options: argparse.Namespace) -> tuple[Recipe, Registry]:
    """The recipe on drawn faces that fill their pictures, with an epoch more than count."""
    overrides = ['fit.device="cpu"', 'detector={name="whole_image"}']
    if options.image_size:
        overrides.append(f"model.image_size={options.image_size}")

    def change(table: dict[str, Any], registry: Registry) -> dict[str, Any]:
        drawn = cut_down([])(table, registry)
        fit = {**drawn["fit"], "epochs": options.epochs + 1}
        return {**drawn, "fit": fit, "data": {"name": "synthetic", "per_class": options.faces // 7}}

    return load_recipe(options.recipe, overrides, change=change)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recipe", help="a recipe with a [model]")
    parser.add_argument("--epochs", type=int, default=5, help="epochs of each that count [5]")
    parser.add_argument("--image-size", type=int, help="pixels [the recipe's own]")
    parser.add_argument("--faces", type=int, default=675, help="drawn faces, half of them to test [675]")
    add_ends(parser)
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
