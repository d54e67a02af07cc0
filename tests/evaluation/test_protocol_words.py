"""The protocols that words such as "paper,clip,movie" stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ferkit.errors import DataError
from ferkit.evaluation.protocol_options import (
    GroupedProtocol,
    HoldoutProtocol,
    NestedProtocol,
    PaperProtocol,
    Protocol,
)
from ferkit.evaluation.protocol_words import protocol_tables
from ferkit.interfaces import Sample

SAMPLES = [
    Sample(Path(f"{n}.png"), ("anger", "fear")[n % 2], {"movie": f"m{n // 4}", "clip": f"c{n // 2}"})
    for n in range(16)
]
PAPER = PaperProtocol(repeats=2, seed=5)
DEFAULT = NestedProtocol(repeats=2)
NAMED = NestedProtocol(name="nested", inner_folds=3)


@pytest.mark.parametrize(
    ("protocol", "word", "expected"),
    [
        (PAPER, "recipe", None),
        (PAPER, "paper", None),
        (PAPER, "random", None),
        (PAPER, "movie", {"name": "grouped", "repeats": 2, "seed": 5, "by": "movie"}),
        (PAPER, "near", {"name": "grouped", "repeats": 2, "seed": 5, "by": "near_duplicates"}),
        (PAPER, "nested", {"name": "nested", "repeats": 2, "seed": 5, "by": "movie"}),
        (PAPER, "nested-clip", {"name": "nested", "repeats": 2, "seed": 5, "by": "clip"}),
        (PAPER, "nested-random", {"name": "nested", "repeats": 2, "seed": 5, "by": "none"}),
        (DEFAULT, "paper", {"name": "paper", "repeats": 2}),
        (DEFAULT, "random", {"repeats": 2, "by": "none"}),
        (DEFAULT, "clip", {"repeats": 2, "by": "clip"}),
        (NAMED, "clip", {"name": "nested", "inner_folds": 3, "by": "clip"}),
        (GroupedProtocol(name="grouped", folds=4), "random", {"name": "paper", "folds": 4}),
        (HoldoutProtocol(name="holdout", seed=1), "movie", {"name": "grouped", "seed": 1, "by": "movie"}),
    ],
)
def test_a_word_takes_repeats_and_folds_from_the_recipe(
    protocol: Protocol, word: str, expected: dict[str, Any] | None
) -> None:
    assert protocol_tables([word], protocol, SAMPLES) == {word: expected}


def test_a_bundled_split_of_the_manifest_sets_the_folds() -> None:
    tables = protocol_tables(["movie", "clip"], PaperProtocol(), SAMPLES, "sfew675")
    assert tables["movie"] == {"name": "grouped", "split": "sfew675_movie2"}
    assert tables["clip"] == {"name": "grouped", "split": "sfew675_clip2"}
    five = protocol_tables(["movie"], PaperProtocol(folds=5), SAMPLES, "sfew675")
    assert five["movie"] == {"name": "grouped", "folds": 5, "by": "movie"}


def test_the_recipes_own_split_stays() -> None:
    own = GroupedProtocol(name="grouped", split="sfew675_movie2")
    assert protocol_tables(["movie"], own, SAMPLES)["movie"] == {"name": "grouped", "split": "sfew675_movie2"}


@pytest.mark.parametrize("words", [["movies"], ["paper", "person"], ["nested-paper"]])
def test_an_unknown_word_lists_those_that_the_data_allow(words: list[str]) -> None:
    with pytest.raises(DataError, match=f"'{words[-1]}'.*There is: clip, movie, near, nested, nested-clip"):
        protocol_tables(words, PAPER, SAMPLES)


def test_a_word_is_given_once() -> None:
    with pytest.raises(DataError, match="'paper' is given twice"):
        protocol_tables(["paper", "paper"], PAPER, SAMPLES)
