"""Compare ferkit's epoch with a plain PyTorch loop over the same modules, in one process.

Both train the recipe's network on the same generated faces and evaluate it on as many others. ferkit uses
its estimator, including the state file. The plain loop uses only torch. The two take turns, an epoch each.
"ratio" is the median ratio of neighbouring epochs. "waiting" is the fraction of ferkit's epochs spent
waiting for images.

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

from benchmarks.script import count, make_parser, make_record, run_script
from benchmarks.timed_epochs import TimedEpoch, ferkit_epochs, take_turns
from ferkit.bench.ratio import compare_rounds
from ferkit.bench.record import Record
from ferkit.bench.run import ProgressCallback
from ferkit.components.build import build
from ferkit.components.registry import Registry
from ferkit.data.faces import find_faces
from ferkit.interfaces import Face
from ferkit.neural.augment import Augmentation
from ferkit.neural.batches import EpochSampler, FaceImages
from ferkit.neural.build import build_loss, build_model
from ferkit.neural.device import choose_precision, seed_everything
from ferkit.neural.optim import build_optimizer
from ferkit.recipe.demo import cut_down
from ferkit.recipe.load import load_recipe
from ferkit.recipe.schema import Recipe


def plain_epochs(
    recipe: Recipe, registry: Registry, train: list[Face], test: list[Face], labels: list[str]
) -> Iterator[TimedEpoch]:
    """Time the epochs of a plain training loop, one after another without end."""
    seed_everything(0)
    side, batch_size = recipe.model.image_size, recipe.fit.batch_size
    network = build_model(recipe.model, registry, labels).to(memory_format=torch.channels_last)
    loss = build_loss(recipe.loss, registry, labels, [len(train) // len(labels)] * len(labels))
    optimizer = build_optimizer(network, recipe.fit, registry)
    model, augmentation = recipe.model, Augmentation(recipe.augment, side, registry)
    images = FaceImages(train, labels, side, network.normalize, augmentation, color=model.color)
    testing = FaceImages(test, labels, side, network.normalize, color=model.color)
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
        yield TimedEpoch(time.perf_counter() - started, waited=0.0)


def measure(options: argparse.Namespace, say: ProgressCallback) -> Record:
    recipe, registry = _load(options)
    samples = build(registry, "dataset", recipe.data).samples()
    drawn = find_faces(recipe.detector, recipe.faces, registry, samples).faces
    labels = sorted({face.sample.label for face in drawn})
    train, test = list(drawn[::2]), list(drawn[1::2])
    loops = {
        "ferkit": ferkit_epochs(recipe, registry, train, test, labels),
        "plain": plain_epochs(recipe, registry, train, test, labels),
    }
    measured, waited = take_turns(loops, options.epochs, len(drawn), say)
    ferkit, plain = (one.seconds for one in measured)
    longer = compare_rounds(ferkit, plain)
    setting = {
        "recipe": recipe.name,
        "image_size": recipe.model.image_size,
        "precision": choose_precision(recipe.fit),
        "images": f"{len(train)} faces to train, {len(test)} to test",
    }
    facts = {
        "ratio": round(longer.ratio, 4),
        "95% interval": longer.interval,
        "waiting": round(sum(waited["ferkit"]) / sum(ferkit), 4),
    }
    return make_record("benchmarks/epoch_overhead.py", setting, measured, facts, loaded=(recipe, registry))


def _load(options: argparse.Namespace) -> tuple[Recipe, Registry]:
    """Return the recipe on generated faces that fill their images, with one epoch more than counted."""
    # Waiting inside worker processes could not be measured.
    overrides = ['fit.device="cpu"', "fit.workers=0", 'detector={name="whole_image"}']
    if options.image_size:
        overrides.append(f"model.image_size={options.image_size}")

    def change(table: dict[str, Any], registry: Registry) -> dict[str, Any]:
        drawn = cut_down([])(table, registry)
        fit = {**drawn["fit"], "epochs": options.epochs + 1}
        return {**drawn, "fit": fit, "data": {"name": "synthetic", "per_class": options.faces // 7}}

    return load_recipe(options.recipe, overrides, change=change)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__)
    parser.add_argument("recipe", help="a recipe with a [model]")
    parser.add_argument("--epochs", type=count, default=5, help="counted epochs of each loop [5]")
    parser.add_argument("--image-size", type=int, help="pixels [the recipe's]")
    parser.add_argument("--faces", type=int, default=675, help="generated faces, half of them to test [675]")
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
