from __future__ import annotations

import pytest
import torch
from torch import nn

from ferkit.errors import ComponentError
from ferkit.neural import network as module
from ferkit.neural.network import assemble_network
from tests.builders import TinyBackbone, TinyHead


class BothStages(nn.Module):
    def __init__(self, in_channels: dict[str, int], num_classes: int, wanted: tuple[str, ...]) -> None:
        super().__init__()
        self.stages = wanted
        self.in_channels = in_channels

    def forward(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.cat([features[stage].mean(dim=(2, 3)) for stage in self.stages], dim=1)


def test_a_head_that_takes_a_number_is_given_the_default_stage() -> None:
    network = assemble_network(
        TinyBackbone(), TinyHead, lambda in_channels: TinyHead(in_channels, 3), nn.Identity()
    )
    assert network(torch.zeros(2, 3, 24, 24)).shape == (2, 3)


def test_a_head_that_takes_a_mapping_is_given_the_stages_it_asks_for() -> None:
    network = assemble_network(
        TinyBackbone(),
        BothStages,
        lambda in_channels: BothStages(in_channels, 3, ("late", "early")),
        nn.Identity(),
    )
    assert network(torch.zeros(2, 3, 24, 24)).shape == (2, 12)


def test_a_stage_that_the_backbone_has_not_is_refused() -> None:
    with pytest.raises(ComponentError, match="needs stage 'deep', but the backbone has early, late"):
        assemble_network(
            TinyBackbone(),
            BothStages,
            lambda in_channels: BothStages(in_channels, 3, ("deep",)),
            nn.Identity(),
        )


def test_a_frozen_backbone_takes_few_images_at_once_and_gives_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backbone, images = TinyBackbone(is_frozen=True).eval(), torch.rand(5, 3, 24, 24)
    network = assemble_network(
        backbone, TinyHead, lambda in_channels: TinyHead(in_channels, 3), nn.Identity()
    )
    whole = network.features(images)
    assert backbone.calls == 1
    monkeypatch.setattr(module, "CHUNK", 2 * 24 * 24)
    parts = network.features(images)
    assert backbone.calls == 1 + 3
    torch.testing.assert_close(parts, whole)


def test_a_frozen_backbone_whose_batch_norm_still_looks_at_the_batch_is_given_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backbone = TinyBackbone()
    backbone.requires_grad_(False)  # and its batch norms go on learning, as its train() lets them
    network = assemble_network(
        backbone, TinyHead, lambda in_channels: TinyHead(in_channels, 3), nn.Identity()
    )
    monkeypatch.setattr(module, "CHUNK", 1)
    network.train().features(torch.rand(5, 3, 24, 24))
    assert backbone.calls == 1
    backbone.calls = 0
    network.eval().features(torch.rand(5, 3, 24, 24))
    assert backbone.calls == 5


def test_a_backbone_that_is_trained_is_given_the_whole_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = TinyBackbone()
    network = assemble_network(
        backbone, TinyHead, lambda in_channels: TinyHead(in_channels, 3), nn.Identity()
    )
    monkeypatch.setattr(module, "CHUNK", 1)
    network.features(torch.rand(5, 3, 24, 24))
    assert backbone.calls == 1
