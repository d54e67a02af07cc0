"""Train every shipped head, backbone and cycleat for a step, and write the results' hashes.

Run as `python -m tests.campaign.poison SEED`. With MALLOC_PERTURB_ the C library fills each block of memory
that it gives, so whatever reads memory that nothing wrote gives other results.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ferkit.components.build import build
from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.neural.checkpoint import hash_tensors
from tests.plugins.test_ferkit_cycleat.domains import make_estimator, make_faces

BATCH, CLASSES, CHANNELS = 3, 4, 8
CHAINS = ("ssd", "stride", "unpadded", "pool")
COMBINED = ("gap", "max", "flatten")
SIDES = (1, 2, 3, 5, 9)
BACKBONES: dict[str, list[tuple[dict[str, Any], tuple[int, ...]]]] = {
    "timm": [
        ({"model": "test_resnet", "pretrained": False}, (16, 32, 47)),
        ({"model": "test_vit", "pretrained": False}, (160,)),
        ({"model": "test_efficientnet", "pretrained": False}, (16, 33)),
    ],
    "inception_resnet_v1": [({"weights": "none", "dropout": 0.0}, (75, 96))],
    "covpool_net": [({}, (8, 17, 32))],
}
CYCLEAT = ({}, {"mode": "source_only"}, {"mode": "gan"}, {"classifier": "resnet18", "image_size": 32})
FORGETS = "a layer that adds memory which nothing wrote"
Tensors = dict[str, Tensor]
Case = tuple[str, Callable[[], Tensors]]


class Forgets(nn.Linear):
    """Must be found, or the poison does nothing."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images) + torch.empty_like(images)


def train_step(module: nn.Module, given: Any, mixed: bool) -> Tensors:
    """One step of SGD. Return the output, the gradients and the new parameters by name."""
    optimizer = torch.optim.SGD([one for one in module.train().parameters() if one.requires_grad], lr=0.1)
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        found = module(given)
        outputs = [found] if isinstance(found, Tensor) else list(found.values())
        rows = [one.float().flatten(2).mean(2) if one.ndim > 2 else one.float() for one in outputs]
        logits = torch.cat(rows, 1)
    nn.functional.cross_entropy(logits, torch.arange(BATCH) % CLASSES).backward()
    gradients = {f"gradient of {n}": p.grad for n, p in module.named_parameters() if p.grad is not None}
    optimizer.step()
    return {"output": logits.detach(), **gradients, **module.state_dict()}


def head_options(name: str, side: int) -> Iterator[dict[str, Any]]:
    if name != "multiscale":
        yield {"bimap": [4]} if name == "covpool" else {}
        return
    for chain, combine in itertools.product(CHAINS, COMBINED):
        size = {"map_size": side} if combine == "flatten" else {}
        yield {"stage": "deep", "chain": chain, "combine": combine, "widths": [8, 4, 4], **size}


def head_cases(generator: torch.Generator) -> Iterator[Case]:
    registry = load_plugins()
    context = {"in_channels": {"deep": CHANNELS}, "num_classes": CLASSES}
    for name, side, mixed in itertools.product(registry.names("head"), SIDES, (False, True)):
        if (name, side) == ("covpool", 1):  # it refuses a single position
            continue
        for options in head_options(name, side):
            given = {"deep": torch.randn(BATCH, CHANNELS, side, side, generator=generator)}
            module = build(registry, "head", Part(name=name, **options), **context)
            yield f"{name} {options} {side} {mixed=}", lambda m=module, g=given, x=mixed: train_step(m, g, x)


def backbone_cases(generator: torch.Generator) -> Iterator[Case]:
    registry = load_plugins()
    assert set(registry.names("backbone")) == set(BACKBONES)
    for name, mixed in itertools.product(BACKBONES, (False, True)):
        for options, sides in BACKBONES[name]:
            for side in sides:
                given = torch.randn(BATCH, 3, side, side, generator=generator)
                module = build(registry, "backbone", Part(name=name, **options))
                yield (
                    f"{name} {options} {side} {mixed=}",
                    lambda m=module, g=given, x=mixed: train_step(m, g, x),
                )


def train_cycleat(options: dict[str, Any]) -> Tensors:
    with tempfile.TemporaryDirectory() as folder:
        estimator = make_estimator(Path(folder) / "state.pt", epochs=3, **options)
        epochs = list(estimator.fit(make_faces(is_target=True), make_faces(2, is_target=True)))
    rows = [np.append(np.ravel(one.probabilities), one.train_loss) for one in epochs]
    return {"probabilities and losses": torch.from_numpy(np.stack(rows))}


def all_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    layer = Forgets(64, 64)
    yield FORGETS, lambda: train_step(layer, torch.zeros(BATCH, 64), False)
    yield from head_cases(generator)
    yield from backbone_cases(generator)
    for options in CYCLEAT:
        yield f"cycleat {options}", lambda options=options: train_cycleat(options)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(int(sys.argv[1]))
    for name, train in all_cases(int(sys.argv[1])):
        found = train()
        odd = [key for key, one in found.items() if not torch.isfinite(one).all()]
        print(json.dumps([name, hash_tensors(found), odd]), flush=True)


if __name__ == "__main__":
    main()
