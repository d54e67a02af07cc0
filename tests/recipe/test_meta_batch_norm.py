"""Batch norm in a dry run: as torch's, but for the time."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ferkit.recipe.meta_batch_norm import MetaBatchNorm


def normalized(norm: nn.Module, *shape: int) -> torch.Tensor:
    with MetaBatchNorm(), torch.no_grad():
        result = norm(torch.zeros(shape, device="meta"))
    assert isinstance(result, torch.Tensor)
    return result


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("norm", "shape"),
    [
        (nn.BatchNorm2d(4, device="meta"), (2, 4, 5, 6)),
        (nn.BatchNorm2d(4, affine=False, device="meta"), (2, 4, 5, 6)),
        (nn.BatchNorm1d(3, track_running_stats=False, device="meta"), (2, 3)),
    ],
)
def test_the_shape_is_that_of_the_input(norm: nn.Module, shape: tuple[int, ...], training: bool) -> None:
    norm.train(training)
    images = normalized(norm, *shape)
    assert images.is_meta
    assert (images.shape, images.dtype) == (torch.Size(shape), torch.float32)


def test_a_single_value_in_a_channel_is_torchs_error() -> None:
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        normalized(nn.BatchNorm2d(4, device="meta"), 1, 4, 1, 1)


def test_another_number_of_channels_is_torchs_error() -> None:
    with pytest.raises(RuntimeError, match="running_mean"):
        normalized(nn.BatchNorm2d(4, device="meta"), 2, 3, 5, 6)


def test_real_images_are_normalized() -> None:
    images = torch.tensor([[1.0], [3.0]])
    with MetaBatchNorm(), torch.no_grad():
        assert nn.BatchNorm1d(1)(images).flatten().tolist() == pytest.approx([-1, 1], abs=1e-4)


def test_gradients_reach_the_parameters() -> None:
    norm = nn.BatchNorm1d(3, device="meta")
    with MetaBatchNorm():
        norm(torch.zeros(2, 3, device="meta")).sum().backward()
    assert norm.weight.grad is not None
