"""A network as a module on images: preprocessing, gradients, training mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ferkit.neural.image_network import ImageNetwork
from ferkit.neural.network import Network
from ferkit.neural.preprocessing import Normalisation
from tests.neural.tiny import tiny_estimator, tiny_network

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 24, 24, 3), dtype=np.uint8)
IMAGES = torch.from_numpy(PIXELS).permute(0, 3, 1, 2) / 255


@pytest.mark.parametrize(("color", "tolerance"), [("rgb", 1e-6), ("grey", 0.005)])
def test_images_are_preprocessed_as_in_training(color: str, tolerance: float) -> None:
    network = tiny_network().eval()
    network.normalize = "imagenet"
    given = np.stack([Normalisation("imagenet", color)(one) for one in PIXELS])
    expected = torch.from_numpy(given).permute(0, 3, 1, 2)
    module = ImageNetwork(network, 24, "grey" if color == "grey" else "rgb")
    # Training rounds grey to whole numbers of 0..255.
    assert float((module._preprocess(IMAGES) - expected).abs().max()) < 2 * tolerance
    maps, logits = module(IMAGES)
    torch.testing.assert_close(logits, network(expected), atol=20 * tolerance, rtol=0)
    assert list(maps) == [network.default_stage]


def test_images_of_another_size_are_resized() -> None:
    module = ImageNetwork(tiny_network().eval(), 24, "rgb")
    large = IMAGES.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    assert module(large)[0]["late"].shape == module(IMAGES)[0]["late"].shape


def test_gradients_reach_the_images_and_the_parameters() -> None:
    module = ImageNetwork(tiny_network().train(), 24, "grey")
    images = IMAGES.clone().requires_grad_()
    torch.autograd.backward(module(images)[1].logsumexp(dim=1).sum())
    assert images.grad is not None
    assert float(images.grad.abs().sum()) > 0
    assert all(one.grad is not None for one in module.parameters())


def test_auxiliary_values_of_a_head_are_left_out() -> None:
    class Auxiliary(nn.Module):
        def forward(self, features: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            return features.mean(dim=(2, 3)), {"extra": features.mean()}

    network = tiny_network()
    network.head = Auxiliary()
    assert ImageNetwork(network, 24, "rgb")(IMAGES)[1].shape[0] == 3


def test_an_estimator_builds_modules_of_its_initial_network_with_the_given_counts() -> None:
    counts: list[Sequence[float]] = []

    def build(given: Sequence[float]) -> Network:
        counts.append(given)
        return tiny_network()

    estimator = replace(tiny_estimator(), build_network=build)
    one, other = estimator.build_module([5, 2]), estimator.build_module([5, 2])
    assert counts == [[5, 2], [5, 2]]
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    assert all(torch.equal(a, b) and a is not b for a, b in pairs)
    assert not estimator.is_fitted
