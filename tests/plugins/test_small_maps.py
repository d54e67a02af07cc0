"""Convolutions on small maps: no built-in component uses a kernel beyond the map."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ferkit.components.discovery import load_plugins
from ferkit.testing import draw_faces
from ferkit.testing.checks.module import tensors
from ferkit.testing.component_under_test import ComponentUnderTest
from tests.testing.test_own_plugins import OPTIONS

pytestmark = pytest.mark.slow

CASES: list[tuple[str, Mapping[str, Any], tuple[int, ...]]] = [
    *(("head.multiscale", {"stage": "deep", "chain": chain}, (1, 2, 3)) for chain in ("ssd", "stride")),
    *(("head.multiscale", {"stage": "deep", "chain": chain}, (1, 2, 3)) for chain in ("unpadded", "pool")),
    *(("head.attention", {"kernel": kernel}, (1, 2, 3)) for kernel in (3, 7)),
    ("head.covpool", {"channels": 6, "bimap": [4], "hidden": [8]}, (2, 3)),
    ("head.linear", {}, (1,)),
    ("head.prototype", {}, (1,)),
    ("backbone.covpool_net", {}, (8, 16, 17)),
    ("backbone.inception_resnet_v1", {}, (75, 96, 107)),
    *(("backbone.timm", {"model": model}, (16, 32)) for model in ("resnet10t", "resnet18", "repvgg_a0")),
]
ESTIMATORS: list[Mapping[str, Any]] = [
    {"image_size": 16},
    {"image_size": 16, "classifier": "resnet18"},
    {"image_size": 32, "discriminator_layers": 3},
]


class Recorder(TorchDispatchMode):
    """Collects the convolutions that reach beyond a smaller map."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.beyond: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.convolution.default:
            self.count += 1
            maps, weight, _, strides, paddings, dilations, is_transposed = args[:7]
            sizes = zip(maps.shape[2:], weight.shape[2:], strides, paddings, dilations, strict=True)
            if not is_transposed and any(map(reaches_beyond, *zip(*sizes, strict=True))):
                self.beyond.append(f"{tuple(weight.shape)} on {tuple(maps.shape)}, {strides}, {paddings}")
        return func(*args, **(kwargs or {}))


def reaches_beyond(size: int, kernel: int, stride: int, padding: int, dilation: int) -> bool:
    return (dilation * (kernel - 1) >= size and padding > 0) or (stride > 1 and stride > size)


def subject_of(key: str, options: Mapping[str, Any]) -> ComponentUnderTest:
    registry = load_plugins()
    kind, _, name = key.partition(".")
    entry = next(
        one for one in registry.entries() if (one.component.kind, one.component.name) == (kind, name)
    )
    given = OPTIONS.get(key, {})
    assert isinstance(given, dict)
    return ComponentUnderTest(entry.component, registry, entry.provider, {**given, **options})


@pytest.mark.parametrize(("key", "options", "sides"), CASES, ids=str)
def test_no_kernel_reaches_beyond_a_smaller_map(
    key: str, options: Mapping[str, Any], sides: tuple[int, ...]
) -> None:
    subject = subject_of(key, options)
    channels = subject.context["in_channels"]
    for side, is_mixed, mode in product(sides, (False, True), ("train", "eval")):
        given: Any = torch.randn(2, 3, side, side)
        if key.startswith("head"):
            maps = (
                {name: torch.randn(2, width, side, side) for name, width in dict(channels).items()}
                if subject.wants_stages
                else torch.randn(2, channels, side, side)
            )
            given = maps
        with Recorder() as recorder, torch.autocast("cpu", torch.bfloat16, enabled=is_mixed):
            module = subject.built.train(mode == "train")
            with torch.set_grad_enabled(mode == "train"):
                found = tensors(module(given))
            if mode == "train":
                torch.stack([one.float().square().sum() for one in found]).sum().backward()
        assert recorder.beyond == []
        assert recorder.count > 0 or key in ("head.linear", "head.prototype")


@pytest.mark.parametrize("options", ESTIMATORS, ids=str)
def test_no_kernel_of_an_estimator_does_either(options: Mapping[str, Any]) -> None:
    estimator = subject_of("estimator.cycleat", options).build()
    with Recorder() as recorder:
        list(estimator.fit(draw_faces(2), draw_faces(1, start=2)))
    assert recorder.beyond == []
    assert recorder.count > 0


def test_the_recorder_sees_such_a_kernel() -> None:
    with Recorder() as recorder:
        torch.nn.Conv2d(2, 2, 3, padding=1)(torch.randn(1, 2, 1, 1))
    assert recorder.beyond == ["(2, 2, 3, 3) on (1, 2, 1, 1), [1, 1], [1, 1]"]
