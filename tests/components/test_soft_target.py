"""What a soft target must be, and that a data set that gives another is named before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.components.component import Component
from ferkit.components.contract import check_samples
from ferkit.components.soft_target import find_disagreement
from ferkit.errors import ComponentError
from ferkit.interfaces import Sample

LABELS = {"anger", "fear", "neutral"}


def angry(**shares: float) -> Sample:
    return Sample(Path("a.png"), "anger", soft_target=shares)


@pytest.mark.parametrize(
    "sample", [angry(), angry(anger=1), angry(anger=0.6, fear=0.4), angry(anger=1, fear=0)]
)
def test_a_distribution_that_the_label_leads_is_right(sample: Sample) -> None:
    assert find_disagreement(sample, LABELS) is None


@pytest.mark.parametrize(
    ("sample", "expected", "came"),
    [
        (angry(anger=0.9, contempt=0.1), "labels of the samples (anger, fear, neutral)", "contempt"),
        (angry(anger=1.5, fear=-0.5), "from 0 to 1", "-0.5"),
        (angry(anger=float("nan")), "from 0 to 1", "nan"),
        (angry(anger=0.6, fear=0.3), "sums to 1", "0.9"),
        (angry(anger=0.5, fear=0.5), "largest for the label, anger", "0.5 for fear"),
        (angry(neutral=1.0), "largest for the label, anger", "0 for anger"),
        (Sample(Path("a.png"), "anger", soft_target=[1.0]), "labels to probabilities", "list"),  # type: ignore[arg-type]
    ],
)
def test_what_is_none_is_told_with_what_was_expected(sample: Sample, expected: str, came: str) -> None:
    found = find_disagreement(sample, LABELS)
    assert found
    assert expected in found[0]
    assert came in found[1]


def test_a_data_set_with_a_wrong_soft_target_is_named_with_the_image() -> None:
    who = Component("dataset", "votes", "somewhere:Votes", "Has votes")
    samples = [angry(anger=0.6, fear=0.4), Sample(Path("b.png"), "neutral")]
    with pytest.raises(
        ComponentError, match=r"labels of the samples \(anger, neutral\), for a.png, got fear"
    ):
        check_samples(samples, who)
    assert check_samples([*samples, Sample(Path("c.png"), "fear")], who)
