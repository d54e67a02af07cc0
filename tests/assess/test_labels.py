"""Labels of data and model are matched by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.assess.labels import match_labels, read_renames
from ferkit.errors import DataError
from ferkit.interfaces import Sample

LABELS = ("happiness", "neutral")


def samples(**counts: int) -> list[Sample]:
    return [Sample(Path(f"{label}{n}.png"), label) for label, count in counts.items() for n in range(count)]


def test_labels_are_renamed_and_dropped_by_name() -> None:
    found, dropped = match_labels(
        samples(happy=2, neutral=1, contempt=3), LABELS, read_renames(["happy=happiness", "contempt="])
    )
    assert [one.label for one in found] == ["happiness", "happiness", "neutral"]
    assert [one.sample.label for one in found] == ["happy", "happy", "neutral"]
    assert dropped == {"contempt": 3}


def test_a_label_that_the_model_lacks_is_named_with_both_ways_out() -> None:
    with pytest.raises(DataError) as caught:
        match_labels(samples(happy=2, neutral=1, contempt=3), LABELS, {})
    for words in ("contempt (3), happy (2)", "happiness, neutral", "--rename contempt=LABEL", "contempt="):
        assert words in str(caught.value)


def test_labels_are_not_guessed_by_case() -> None:
    with pytest.raises(DataError, match=r"Happiness \(1\)"):
        match_labels(samples(Happiness=1), LABELS, {})


@pytest.mark.parametrize(
    ("renames", "words"),
    [
        (["happy=happyness"], "'happiness'"),
        (["hapy=happiness"], "'happy'"),
        (["happy="], "drops every image"),
    ],
)
def test_a_rename_that_fits_nothing_is_refused(renames: list[str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        match_labels(samples(happy=1), LABELS, read_renames(renames))


@pytest.mark.parametrize("counts", [{"grin": 1}, {"grin": 1, "happiness": 1}])
def test_a_rename_in_the_wrong_order_is_suggested_swapped(counts: dict[str, int]) -> None:
    with pytest.raises(DataError, match="did you mean grin=happiness"):
        match_labels(samples(**counts), LABELS, read_renames(["happiness=grin"]))


@pytest.mark.parametrize("texts", [["happy"], ["=happiness"], ["happy=neutral", "happy=happiness"]])
def test_a_rename_that_says_nothing_clear_is_refused(texts: list[str]) -> None:
    with pytest.raises(DataError, match="rename"):
        read_renames(texts)
