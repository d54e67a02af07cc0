"""The faster networks, compared with facenet-pytorch's."""

from __future__ import annotations

import warnings

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


@torch.inference_mode()
def test_r_net_says_the_same_of_crops() -> None:
    theirs, wrapped = pair(RNet)
    crops = noise(5, 3, 24, 24)
    offsets, probabilities = theirs(crops)
    scores, values = refinement_network(wrapped)(crops)
    assert torch.allclose(scores, probabilities[:, 1], atol=1e-5)
    assert torch.allclose(values, offsets, atol=1e-5)


@torch.inference_mode()
def test_o_net_says_the_same_of_crops() -> None:
    theirs, wrapped = pair(ONet)
    crops = noise(5, 3, 48, 48)
    offsets, points, probabilities = theirs(crops)
    scores, values = output_network(wrapped)(crops)
    assert torch.allclose(scores, probabilities[:, 1], atol=1e-5)
    assert torch.allclose(values, torch.cat([offsets, points], dim=1), atol=1e-5)


@pytest.mark.parametrize("size", [(22, 22), (9, 9), (46, 21), (3, 4)])
def test_pooling_by_rows_and_columns_is_max_pooling(size: tuple[int, int]) -> None:
    maps = noise(2, 5, *size).contiguous(memory_format=torch.channels_last)
    assert torch.equal(MaxPool()(maps), nn.functional.max_pool2d(maps, 3, 2, ceil_mode=True))
