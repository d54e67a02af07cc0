"""How much longer ferkit's epoch takes than a plain loop over the same modules, in one process.

Both train the recipe's network on the same drawn faces and evaluate it on as many others: ferkit through
its estimator, state file and all, the plain loop by nothing but torch. The two take turns, so that what
else the machine does strikes both; the figure is the median ratio of neighbouring epochs.

    OMP_NUM_THREADS=2 python benchmarks/epoch_overhead.py recipes/sfew_inception.toml --image-size 160
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from ferkit.assemble import build
from ferkit.augment import Augmentation
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


def measure(source: str, epochs: int, image_size: int | None, faces: int) -> dict[str, object]:
    overrides = [
        f"fit.epochs={epochs + 1}",
        'fit.device="cpu"',
        'detector={name="whole_image"}',
    ]
    if image_size:
        overrides.append(f"model.image_size={image_size}")
    per_class = faces // 7

    def change(table: dict[str, object], registry: Registry) -> dict[str, object]:
        drawn = cut_down([])(table, registry)
        fit = {**drawn["fit"], "epochs": epochs + 1}
        return {**drawn, "fit": fit, "data": {"name": "synthetic", "per_class": per_class}}

    recipe, registry = load_recipe(source, overrides, change=change)
    samples = build(registry, "dataset", recipe.data).samples()
    drawn = find_faces(recipe, registry, samples, Silence()).faces
    labels = sorted({face.sample.label for face in drawn})
    train, test = list(drawn[::2]), list(drawn[1::2])
    ours = ferkit_epochs(recipe, registry, train, test, labels)
    plain = plain_epochs(recipe, registry, train, test, labels)
    next(plain)
    pairs = list(zip(ours, plain, strict=False))
    return {
        "recipe": recipe.name,
        "image_size": recipe.model.image_size,
        "precision": choose_precision(recipe.fit),
        "threads": torch.get_num_threads(),
        "training_faces": len(train),
        "test_faces": len(test),
        "ferkit_seconds": [round(one, 3) for one, _ in pairs],
        "plain_seconds": [round(other, 3) for _, other in pairs],
        "ratio": round(statistics.median(one / other for one, other in pairs), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recipe", help="a recipe with a [model]")
    parser.add_argument("--epochs", type=int, default=5, help="epochs of each that count [5]")
    parser.add_argument("--image-size", type=int, help="pixels [the recipe's own]")
    parser.add_argument("--faces", type=int, default=675, help="drawn faces, half of them to test [675]")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    figures = measure(options.recipe, options.epochs, options.image_size, options.faces)
    text = json.dumps(figures, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
