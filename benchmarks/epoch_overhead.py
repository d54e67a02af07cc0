"""How much longer ferkit's epoch takes than a plain loop over the same modules, in one process.

Both train the recipe's network on the same drawn faces and evaluate it on as many others: ferkit through
its estimator, state file and all, the plain loop by nothing but torch. The two take turns, so that what
else the machine does strikes both; "ratio" is the median of neighbouring epochs'. "waiting" is the share of
ferkit's epochs in which they waited for images.

    OMP_NUM_THREADS=2 python -m benchmarks.epoch_overhead recipes/sfew_inception.toml --image-size 160
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch.utils.data import DataLoader

from benchmarks.script import add_ends, count, run_script
from benchmarks.timed_epochs import ferkit_epochs
from ferkit.bench.machine import describe_machine, load_average
from ferkit.bench.ratio import compare_rounds
from ferkit.bench.record import Measurement, Record
from ferkit.bench.run import ProgressCallback, busy_warnings
from ferkit.components.build import build
from ferkit.components.registry import Registry
from ferkit.data.faces import find_faces
from ferkit.interfaces import Face
from ferkit.neural.augment import Augmentation
from ferkit.neural.batches import EpochSampler, FaceImages
from ferkit.neural.build import build_loss, build_model
from ferkit.neural.device import choose_precision, seed_everything
from ferkit.neural.optim import make_optimizer
from ferkit.recipe.demo import cut_down
from ferkit.recipe.load import load_recipe
from ferkit.recipe.schema import Recipe


def plain_epochs(
    recipe: Recipe, registry: Registry, train: list[Face], test: list[Face], labels: list[str]
) -> Iterator[float]:
    """Seconds of each epoch of the loop that anyone would write."""
    seed_everything(0)
    side, batch_size = recipe.model.image_size, recipe.fit.batch_size
    network = build_model(recipe.model, registry, labels).to(memory_format=torch.channels_last)
    loss = build_loss(recipe.loss, registry, labels, [len(train) // len(labels)] * len(labels))
    optimizer = make_optimizer(network, recipe.fit.optimizer)
    model, altering = recipe.model, Augmentation(recipe.augment, side)
    images = FaceImages(train, labels, side, model.normalize, altering, color=model.color)
    testing = FaceImages(test, labels, side, model.normalize, color=model.color)
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


def measure(options: argparse.Namespace, say: ProgressCallback) -> Record:
    """Epochs of both in turns; the fact "ratio" is how many times as long ferkit's takes."""
    load = load_average()
    recipe, registry = _load(options)
    samples = build(registry, "dataset", recipe.data).samples()
    drawn = find_faces(recipe.detector, recipe.faces, registry, samples).faces
    labels = sorted({face.sample.label for face in drawn})
    train, test = list(drawn[::2]), list(drawn[1::2])
    ours = ferkit_epochs(recipe, registry, train, test, labels)
    plain = plain_epochs(recipe, registry, train, test, labels)
    next(ours), next(plain)
    seconds: dict[str, list[float]] = {"ferkit": [], "plain": []}
    waited = 0.0
    for number in range(options.epochs):
        say(f"epoch {number + 1} of {options.epochs}")
        epoch = next(ours)
        waited += epoch.waited
        seconds["ferkit"].append(epoch.seconds)
        seconds["plain"].append(next(plain))
    measured = [
        Measurement({"stage": "epoch", "loop": name}, times, len(drawn)) for name, times in seconds.items()
    ]
    longer = compare_rounds(seconds["ferkit"], seconds["plain"])
    machine, versions = describe_machine(recipe, registry, torch.device("cpu"))
    setting = {
        "recipe": recipe.name,
        "image_size": recipe.model.image_size,
        "precision": choose_precision(recipe.fit),
        "images": f"{len(train)} faces to train, {len(test)} to test",
    }
    facts = {
        "ratio": round(longer.ratio, 4),
        "95% interval": longer.interval,
        "waiting": round(waited / sum(seconds["ferkit"]), 4),
    }
    title = "benchmarks/epoch_overhead.py"
    return Record(title, machine, versions, setting, measured, warnings=busy_warnings(load), facts=facts)


def _load(options: argparse.Namespace) -> tuple[Recipe, Registry]:
    """The recipe on drawn faces that fill their pictures, with an epoch more than count."""
    # Worker processes wait unseen, and what an epoch waits for is measured here.
    overrides = ['fit.device="cpu"', "fit.workers=0", 'detector={name="whole_image"}']
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
    parser.add_argument("--epochs", type=count, default=5, help="epochs of each that count [5]")
    parser.add_argument("--image-size", type=int, help="pixels [the recipe's own]")
    parser.add_argument("--faces", type=int, default=675, help="drawn faces, half of them to test [675]")
    add_ends(parser)
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
