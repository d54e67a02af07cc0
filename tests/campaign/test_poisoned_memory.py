"""Shipped components train a step with freed memory full of NaN: finite, and the same as without."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ferkit.components.build import build
from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from tests.campaign.conftest import Start
from tests.campaign.poison import Poison, compare, train_step
from tests.plugins.test_ferkit_cycleat.domains import make_estimator, make_faces

BATCH, CLASSES, CHANNELS = 3, 4, 8
SIDES = (1, 2, 3, 5, 9)
CHAINS = ("ssd", "stride", "unpadded", "pool")
COMBINED = ("gap", "max", "flatten")
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


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_plugins()


def head_options(name: str, side: int) -> Iterator[dict[str, Any]]:
    if name != "multiscale":
        yield {"bimap": [4]} if name == "covpool" else {}
        return
    for chain, combine in itertools.product(CHAINS, COMBINED):
        size = {"map_size": side} if combine == "flatten" else {}
        yield {"stage": "deep", "chain": chain, "combine": combine, "widths": [8, 4, 4], **size}


def train(kind: str, part: Part, context: dict[str, Any], given: Any, mixed: bool) -> list[str]:
    """Train a component twice, with and without poison. Return what differs."""
    found = []
    for poison in (nullcontext(), Poison()):
        torch.manual_seed(4)
        module = build(load_plugins(), kind, part, **context)
        targets = torch.arange(BATCH) % CLASSES
        with poison:
            found.append(train_step(module.train(), given, targets, nn.CrossEntropyLoss(), mixed))
        assert not isinstance(poison, Poison) or poison.operations > 5
    return compare(*found)


def test_heads_on_small_maps(start: Start, registry: Registry) -> None:
    campaign = start("heads in poisoned memory")
    context = {"in_channels": {"deep": CHANNELS}, "num_classes": CLASSES}
    generator = torch.Generator().manual_seed(campaign.seed)
    for name, side, mixed in itertools.product(registry.names("head"), SIDES, (False, True)):
        for options in head_options(name, side):
            given = {"deep": torch.randn(BATCH, CHANNELS, side, side, generator=generator)}
            part = Part(name=name, **options)
            with campaign.trial(f"{part}, {side} by {side}, {'bfloat16' if mixed else 'float32'}"):
                assert train("head", part, context, given, mixed) == []
    campaign.check()


def test_backbones_at_small_sizes(start: Start, registry: Registry) -> None:
    campaign = start("backbones in poisoned memory")
    assert set(registry.names("backbone")) == set(BACKBONES)
    generator = torch.Generator().manual_seed(campaign.seed)
    for name, mixed in itertools.product(BACKBONES, (False, True)):
        for options, sides in BACKBONES[name]:
            for side in sides:
                given = torch.randn(BATCH, 3, side, side, generator=generator)
                with campaign.trial(f"{name} {options}, {side} pixels, {'bfloat16' if mixed else 'float32'}"):
                    assert train("backbone", Part(name=name, **options), {}, given, mixed) == []
    campaign.check()


class Forgets(nn.Linear):
    """Adds memory that nothing wrote."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images) + torch.empty_like(images)


def test_memory_that_nothing_wrote_is_found() -> None:
    given, targets = torch.zeros(BATCH, 64), torch.zeros(BATCH).long()
    with Poison():
        found = train_step(Forgets(64, 64), given, targets, nn.CrossEntropyLoss(), False)
    assert "output is not finite" in compare(found, found)


@pytest.mark.parametrize("options", CYCLEAT, ids=str)
def test_cycleat(start: Start, tmp_path: Path, options: dict[str, Any]) -> None:
    campaign = start(f"cycleat in poisoned memory {options or ''}")
    with campaign.trial(options):
        found = []
        for name, poison in (("plain", nullcontext()), ("poisoned", Poison())):
            estimator = make_estimator(tmp_path / name / "state.pt", epochs=3, **options)
            with poison:
                epochs = list(estimator.fit(make_faces(is_target=True), make_faces(2, is_target=True)))
            found.append([(one.train_loss, *np.ravel(one.probabilities)) for one in epochs])
            assert np.isfinite(found[-1]).all()
            assert not isinstance(poison, Poison) or poison.operations > 100
        assert found[0] == found[1]
    campaign.check()
