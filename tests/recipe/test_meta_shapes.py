"""Batch norm and ReLU in a dry run have torch's shapes and errors."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ferkit.recipe.meta_shapes import MetaShapes


def output(layer: nn.Module, *shape: int) -> torch.Tensor:
    with MetaShapes(), torch.no_grad():
        result = layer(torch.zeros(shape, device="meta"))
    assert isinstance(result, torch.Tensor)
    return result


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.BatchNorm2d(4, device="meta"), (2, 4, 5, 6)),
        (nn.BatchNorm2d(4, affine=False, device="meta"), (2, 4, 5, 6)),
        (nn.BatchNorm1d(3, track_running_stats=False, device="meta"), (2, 3)),
        (nn.ReLU(), (2, 3)),
        (nn.ReLU(inplace=True), (1,)),
    ],
)
def test_the_shape_is_that_of_the_input(layer: nn.Module, shape: tuple[int, ...], training: bool) -> None:
    layer.train(training)
    images = output(layer, *shape)
    assert images.is_meta
    assert (images.shape, images.dtype) == (torch.Size(shape), torch.float32)


def test_a_single_value_in_a_channel_is_torchs_error() -> None:
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        output(nn.BatchNorm2d(4, device="meta"), 1, 4, 1, 1)


def test_another_number_of_channels_is_torchs_error() -> None:
    with pytest.raises(RuntimeError, match="running_mean"):
        output(nn.BatchNorm2d(4, device="meta"), 2, 3, 5, 6)


def test_real_images_are_normalized() -> None:
    images = torch.tensor([[1.0], [3.0]])
    with MetaShapes(), torch.no_grad():
        assert nn.BatchNorm1d(1)(images).flatten().tolist() == pytest.approx([-1, 1], abs=1e-4)


def test_gradients_reach_the_parameters() -> None:
    norm = nn.BatchNorm1d(3, device="meta")
    with MetaShapes():
        norm(torch.zeros(2, 3, device="meta")).sum().backward()
    assert norm.weight.grad is not None
