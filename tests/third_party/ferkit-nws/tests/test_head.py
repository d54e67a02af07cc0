import pytest
import torch
from ferkit_nws.head import TopKPoolHead

CHANNELS = {"early": 1, "late": 2}


def test_the_strongest_are_averaged():
    head = TopKPoolHead(CHANNELS, 2, k=2, stage="early")
    assert head.embed({"early": torch.tensor([[[[1.0, 5.0], [3.0, 0.0]]]])}) == 4.0


def test_a_map_with_fewer_places_is_averaged():
    head = TopKPoolHead(CHANNELS, 2, k=9, stage="early")
    assert head.embed({"early": torch.tensor([[[[1.0, 3.0]]]])}) == 2.0


def test_two_stages_stand_side_by_side():
    head = TopKPoolHead(CHANNELS, 2, second_stage="early")
    assert head.embed({"early": torch.ones(3, 1, 4, 4), "late": torch.ones(3, 2, 2, 2)}).shape == (3, 3)


def test_a_stage_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="second_stage: expected one of early, late"):
        TopKPoolHead(CHANNELS, 2, second_stage="block8")
