"""The head linear."""

from __future__ import annotations

import pytest
import torch
from ferkit_heads.linear import LinearHead

CHANNELS = {"block8": 6, "embedding": 4}


@pytest.mark.parametrize(("stage", "expected"), [("", "embedding"), ("block8", "block8")])
def test_the_deepest_stage_is_taken_unless_one_is_named(stage: str, expected: str) -> None:
    head = LinearHead(CHANNELS, num_classes=3, stage=stage)
    assert head.stages == (expected,)
    assert head.classify.in_features == CHANNELS[expected]


def test_logits_are_the_linear_layer_of_the_map_s_average() -> None:
    head = LinearHead(CHANNELS, num_classes=3, stage="block8")
    averages = torch.randn(2, 6)
    maps = averages[:, :, None, None] + torch.tensor([[-1.0, 1.0], [2.0, -2.0]])
    torch.testing.assert_close(head({"block8": maps}), head.classify(averages))


def test_dropout_acts_in_training_only() -> None:
    head = LinearHead({"late": 64}, num_classes=3, dropout=0.5)
    maps = {"late": torch.ones(1, 64, 1, 1)}
    assert not torch.equal(head(maps), head(maps))
    head.eval()
    assert torch.equal(head(maps), head(maps))


def test_unknown_stage_suggests_the_closest_name() -> None:
    with pytest.raises(ValueError, match=r"stage: .*'blok8'. Did you mean 'block8'"):
        LinearHead(CHANNELS, num_classes=3, stage="blok8")


@pytest.mark.parametrize("dropout", [-0.1, 1.0])
def test_dropout_outside_0_to_1_is_refused(dropout: float) -> None:
    with pytest.raises(ValueError, match=f"dropout: expected .* got {dropout}"):
        LinearHead(CHANNELS, num_classes=3, dropout=dropout)
