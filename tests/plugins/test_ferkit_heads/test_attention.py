"""The head attention: its weights and their effect."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from ferkit_heads.attention import AttentionHead
from ferkit_heads.linear import LinearHead
from torch import Tensor

CHANNELS = {"early": 8, "late": 32}


def make_features(batch: int = 2) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {"late": torch.randn(batch, 32, 5, 4, generator=generator).relu()}


@pytest.mark.parametrize("batch", [1, 3])
def test_weights_have_the_map_s_places_and_lie_between_0_and_1(batch: int) -> None:
    head = AttentionHead(CHANNELS, num_classes=3)
    weighed, places = head.attend(make_features(batch))
    assert weighed.shape == (batch, 32, 5, 4)
    assert places.shape == (batch, 1, 5, 4)
    assert head.channel is not None
    channels = head.channel(make_features(batch)["late"])
    assert channels.shape == (batch, 32, 1, 1)
    for weights in (places, channels):
        assert 0 < weights.min() < weights.max() < 1
    assert head(make_features(batch)).shape == (batch, 3)


def test_channels_are_weighed_first_and_places_by_what_is_left() -> None:
    head = AttentionHead(CHANNELS, num_classes=3)
    maps = make_features()["late"]
    assert head.channel is not None
    assert head.spatial is not None
    by_channel = maps * head.channel(maps)
    weighed, places = head.attend({"late": maps})
    torch.testing.assert_close(places, head.spatial(by_channel))
    torch.testing.assert_close(weighed, by_channel * places)


def test_a_place_that_gets_all_the_weight_is_all_that_counts() -> None:
    head = AttentionHead({"late": 2}, num_classes=3, channel=False, kernel=1)
    assert head.spatial is not None
    with torch.no_grad():
        head.spatial.convolve.weight.fill_(1e4)
    maps = torch.full((1, 2, 2, 2), -1.0)
    maps[:, :, 0, 1] = 1.0
    torch.testing.assert_close(head.embed({"late": maps}), torch.full((1, 2), 0.25))


def test_without_either_kind_of_weights_it_is_the_linear_head() -> None:
    head = AttentionHead(CHANNELS, num_classes=3, channel=False, spatial=False)
    linear = LinearHead(CHANNELS, num_classes=3)
    linear.load_state_dict(head.state_dict())
    torch.testing.assert_close(head(make_features()), linear(make_features()))
    assert head.attend(make_features())[1].unique().tolist() == [1.0]


def test_every_parameter_gets_a_finite_gradient() -> None:
    # Of few hidden units all may be off by chance, which leaves no gradient.
    head = AttentionHead(CHANNELS, num_classes=3, reduction=1)
    head(make_features()).square().sum().backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.any(), name


def test_fewer_channels_than_the_reduction_leave_one_hidden_unit() -> None:
    head = AttentionHead({"late": 4}, num_classes=3, reduction=16)
    assert head({"late": torch.rand(1, 4, 1, 1)}).shape == (1, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stage": "lat"}, "stage: .*'lat'. Did you mean 'late'"),
        ({"reduction": 0}, "reduction: expected at least 1, got 0"),
        ({"kernel": 4}, "kernel: expected an odd number above 0, got 4"),
        ({"dropout": 1.0}, r"dropout: expected .* got 1\.0"),
    ],
)
def test_an_option_that_can_not_be_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AttentionHead(CHANNELS, num_classes=3, **options)
