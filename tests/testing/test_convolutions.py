"""The check of convolutions sees the fault of some processors, which is imitated here, on any processor."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from ferkit.plugin import Face, crop_kernels
from ferkit.testing.check import CheckFailed, CheckSkipped
from ferkit.testing.checks.convolution import trains_as_in_float64
from ferkit.testing.component_under_test import ComponentUnderTest
from ferkit.testing.poisoned_memory import BACKWARD, ConvolutionWatch, fill_freed_memory
from tests.testing.wrong.case import reference, registry_with
from tests.testing.wrong.right import RightBackbone, RightEstimator, RightHead


class UnwrittenGradients(TorchDispatchMode):
    """The fault: in bfloat16, rubbish in the weight's gradient of strided kernels wider than their map."""

    def __init__(self, rubbish: float) -> None:
        super().__init__()
        self.rubbish = rubbish

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        if func is BACKWARD and args[0].dtype == torch.bfloat16:
            _, maps, weight, _, (stride, _) = args[:5]
            if stride > 1 and weight.shape[2] > maps.shape[2]:
                found[1][0, 0, 0, 0] = self.rubbish
        return found


class StridedHead(RightHead):
    """A strided convolution before the mean. dropout: before the linear layer."""

    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.0) -> None:
        super().__init__(in_channels, num_classes, dropout)
        self.convolve = nn.Conv2d(in_channels, in_channels, 3, 2, 1)

    def embed(self, features: torch.Tensor) -> torch.Tensor:
        return super().embed(self.convolve(features))


class CroppedHead(StridedHead):
    """The same, cropped. dropout: before the linear layer."""

    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.0) -> None:
        super().__init__(in_channels, num_classes, dropout)
        crop_kernels(self)


class StridedBackbone(RightBackbone):
    """The last map is 1×1 at 16 pixels, and convolved once more. freeze: "none" or "all"."""

    def __init__(self, freeze: str = "none") -> None:
        super().__init__(freeze)
        self.late.append(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(6, 6, 3, 2, 1)))


class RandomHead(CroppedHead):
    """It draws random numbers in eval mode too. dropout: before the linear layer."""

    def embed(self, features: torch.Tensor) -> torch.Tensor:
        return super().embed(features + torch.randn_like(features))


class FloatHead(CroppedHead):
    """For float32 alone. dropout: before the linear layer."""

    def embed(self, features: torch.Tensor) -> torch.Tensor:
        return super().embed(features.float())


class ConvolvingEstimator(RightEstimator):
    """Trains one strided convolution. sharpness: of the probabilities."""

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Any:
        maps = torch.rand(3, 3, 1, 1)
        nn.Conv2d(3, 2, 3, 2, 1)(maps).sum().backward()
        yield from super().fit(train, validation)

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        return super().predict(faces)


def check(kind: str, target: type) -> None:
    component = reference(kind, target)
    trains_as_in_float64(ComponentUnderTest(component, registry_with(component), "a test", image_size=32))


@pytest.mark.parametrize("rubbish", [float("nan"), 30.0])
@pytest.mark.parametrize(
    ("kind", "target"),
    [("head", StridedHead), ("backbone", StridedBackbone), ("estimator", ConvolvingEstimator)],
)
def test_a_struck_component_fails_the_check(kind: str, target: type, rubbish: float) -> None:
    words = "weight's gradient: kernel 3×3, stride 2×2, padding 1×1, on a 1×1 map in bfloat16"
    with UnwrittenGradients(rubbish), pytest.raises(CheckFailed, match=words):
        check(kind, target)


@pytest.mark.parametrize("target", [CroppedHead, RandomHead, FloatHead])
def test_a_cropped_component_passes(target: type) -> None:
    with UnwrittenGradients(float("nan")):
        check("head", target)


def test_what_has_no_convolutions_is_skipped() -> None:
    with pytest.raises(CheckSkipped, match="no convolutions"):
        check("head", RightHead)
    with pytest.raises(CheckSkipped, match="no convolutions"):
        check("estimator", RightEstimator)


def test_a_sum_that_cancels_is_no_fault() -> None:
    convolution = nn.Conv2d(2, 2, 1)
    slopes = torch.randn(8, 2, 3, 3)
    with ConvolutionWatch() as watch:
        convolution(torch.ones(8, 2, 3, 3)).backward(slopes - slopes.mean(dim=(0, 2, 3), keepdim=True))
    assert watch.errors == []
    assert len(watch.seen) == 2


def test_gradients_that_are_not_finite_before_a_convolution_are_no_fault_of_its() -> None:
    with ConvolutionWatch() as watch:
        nn.Conv2d(2, 2, 1)(torch.full((1, 2, 3, 3), float("nan"))).sum().backward()
    assert watch.errors == []


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators reuse other blocks")
@pytest.mark.parametrize("count", [100, 200, 4096])
def test_freed_memory_is_found_again_in_small_blocks_too(count: int) -> None:
    found = 0
    for _ in range(20):
        fill_freed_memory([count])
        found += bool(torch.isnan(torch.empty(count)).any())
    assert found >= 10
