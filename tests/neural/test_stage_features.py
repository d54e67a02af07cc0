"""Features of the stages of a network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ferkit.errors import ComponentError
from ferkit.neural.stage_features import StagePool
from tests.neural.tiny import FACES, fit, tiny_estimator, tiny_network

IMAGES = torch.randn(3, 3, 24, 24, generator=torch.Generator().manual_seed(0))


def test_cells_are_means_of_the_map_and_0_keeps_every_position() -> None:
    network = tiny_network().eval()
    maps = network.backbone(IMAGES)[network.default_stage].double()
    (mean,) = StagePool(network, [network.default_stage], 1)(IMAGES)
    (every,) = StagePool(network, ["default"], 0)(IMAGES)
    torch.testing.assert_close(mean, maps.mean(dim=(2, 3)))
    torch.testing.assert_close(every, maps.flatten(1))


def test_logits_are_those_of_the_network() -> None:
    network = tiny_network().eval()
    (logits,) = StagePool(network, ["logits"], 1)(IMAGES)
    torch.testing.assert_close(logits, network(IMAGES).double())


def test_mirrored_features_do_not_change_if_the_image_is_mirrored() -> None:
    network = tiny_network().eval()
    pool = StagePool(network, ["default", "logits"], 2, mirror=True)
    for one, other in zip(pool(IMAGES), pool(IMAGES.flip(3)), strict=True):
        torch.testing.assert_close(one, other)


def test_an_unknown_stage_is_refused_by_name() -> None:
    with pytest.raises(ComponentError, match="'deep'"):
        StagePool(tiny_network(), ["deep"])


def test_a_grid_that_is_finer_than_the_map_is_refused() -> None:
    with pytest.raises(ComponentError, match="grid"):
        StagePool(tiny_network().eval(), ["default"], 16)(IMAGES)


def test_features_are_of_the_initial_network_and_then_of_the_trained_one() -> None:
    estimator = tiny_estimator(epochs=1)
    (before,) = estimator.stage_features(FACES, ["default"], 1)
    (again,) = estimator.stage_features(FACES[:5], ["default"], 1)
    np.testing.assert_allclose(before[:5], again, atol=1e-6)
    fit(estimator)
    (after,) = estimator.stage_features(FACES, ["default"], 1)
    assert before.shape == after.shape == (len(FACES), 8)
    assert np.abs(before - after).max() > 1e-4
