"""Grad-CAM, where its answer is known."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ferkit.neural.network import Network
from ferkit.report.faces.grad_cam import attention_map, blend, deepest_stage
from tests.builders import TinyBackbone, TinyHead


class TwoStages(nn.Module):
    """Names its stages from deep to shallow, which must not matter."""

    stages = ("late", "early")

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        deep, shallow = features["late"].mean(dim=(2, 3)), features["early"].mean(dim=(2, 3))
        return torch.stack([deep[:, 0] + shallow[:, 0], -deep[:, 1]], dim=1)


def make_image() -> Tensor:
    return torch.randn(3, 24, 24, generator=torch.Generator().manual_seed(0))


def test_on_a_linear_head_over_averages_it_is_the_class_activation_map() -> None:
    torch.manual_seed(0)
    network = Network(TinyBackbone(), TinyHead(8, 3), nn.Identity(), "late").eval()
    image = make_image()
    with torch.no_grad():
        maps = network.features(image[None])["late"][0]
    for label in range(3):
        weights = network.head.classify.weight[label].detach()
        activation = torch.relu(torch.einsum("c,chw->hw", weights, maps))
        # A place's share of the average is 1/(h·w), and so is the gradient with respect to it.
        expected = activation / activation.numel()
        torch.testing.assert_close(torch.from_numpy(attention_map(network, image, label)), expected)
        assert activation.max() > 0


def test_of_several_stages_the_deepest_is_explained() -> None:
    torch.manual_seed(0)
    network = Network(TinyBackbone(), TwoStages(), nn.Identity(), "late").eval()
    assert deepest_stage(network) == "late"
    with torch.no_grad():
        maps = network.features(make_image()[None])["late"][0]
    found = attention_map(network, make_image(), 0)
    torch.testing.assert_close(torch.from_numpy(found), torch.relu(maps[0]) / maps[0].numel())


def test_a_frozen_network_is_explained_too_and_nothing_is_left_in_it() -> None:
    network = Network(TinyBackbone(is_frozen=True), TinyHead(8, 3), nn.Identity(), "late")
    attention_map(network, make_image(), 0)
    assert not network.training
    assert all(one.grad is None for one in network.parameters())


def test_the_strongest_place_is_the_reddest_and_a_map_of_nothing_changes_nothing() -> None:
    grey = np.full((64, 64, 3), 128, dtype=np.uint8)
    found = np.zeros((4, 4), dtype=np.float32)
    assert (blend(grey, found) == grey).all()
    found[0, 3] = 5.0
    blended = blend(grey, found).astype(int)
    assert blended.shape == grey.shape
    redness = blended[..., 0] - blended[..., 2]
    assert redness[4, 60] > 0 > redness[60, 4]
