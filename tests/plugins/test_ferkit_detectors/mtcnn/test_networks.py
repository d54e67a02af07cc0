"""The faster networks, compared with facenet-pytorch's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from ferkit_detectors.mtcnn.networks import MaxPool, ProposalNetwork, output_network, refinement_network
from torch import Tensor, nn


def noise(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def pair(network: type[nn.Module]) -> tuple[nn.Module, nn.Module]:
    """Twice, for to build ours turns the other's weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return network().eval(), network().eval()


@pytest.mark.parametrize("size", [(12, 12), (13, 12), (12, 13), (13, 13), (40, 57), (55, 38)])
@torch.inference_mode()
def test_p_net_sees_the_same_in_windows_at_the_edge_too(size: tuple[int, int]) -> None:
    theirs, wrapped = pair(PNet)
    images = noise(2, 3, *size)
    offsets, probabilities = theirs(images)
    network = ProposalNetwork(wrapped)
    scores, features = network(images)
    assert torch.allclose(scores, probabilities[:, 1], atol=1e-5)
    ours = network.offsets(features.reshape(-1, features.shape[3]))
    assert torch.allclose(ours, offsets.permute(0, 2, 3, 1).reshape(-1, 4), atol=1e-5)


@pytest.mark.parametrize(
    ("network", "wrap", "side"), [(RNet, refinement_network, 24), (ONet, output_network, 48)]
)
@torch.inference_mode()
def test_r_net_and_o_net_say_the_same_of_crops(
    network: type[nn.Module], wrap: Callable[[Any], nn.Module], side: int
) -> None:
    theirs, wrapped = pair(network)
    crops = noise(5, 3, side, side)
    *values, probabilities = theirs(crops)
    scores, ours = wrap(wrapped)(crops)
    assert torch.allclose(scores, probabilities[:, 1], atol=1e-5)
    assert torch.allclose(ours, torch.cat(values, dim=1), atol=1e-5)


@pytest.mark.parametrize("size", [(22, 22), (9, 9), (46, 21), (3, 4)])
def test_pooling_by_rows_and_columns_is_max_pooling(size: tuple[int, int]) -> None:
    maps = noise(2, 5, *size).contiguous(memory_format=torch.channels_last)
    assert torch.equal(MaxPool()(maps), nn.functional.max_pool2d(maps, 3, 2, ceil_mode=True))
