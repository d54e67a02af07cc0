"""Kinds of group, from coarse to fine, and whose an image is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.data.groups import coarsest_groups, group_kinds, group_names
from ferkit.errors import DataError
from ferkit.interfaces import Sample


def make(*groups: dict[str, str]) -> list[Sample]:
    return [Sample(Path(f"{number}.png"), "anger", one) for number, one in enumerate(groups)]


FILMS = make(
    {"clip": "A_1", "movie": "A"},
    {"clip": "A_2", "movie": "A"},
    {"clip": "B_1", "movie": "B"},
)


def test_kinds_are_told_from_the_coarsest_to_the_finest() -> None:
    assert group_kinds(FILMS) == ["movie", "clip"]


def test_a_kind_that_one_image_lacks_is_none() -> None:
    assert group_kinds([*FILMS, *make({"clip": "C_1"})]) == ["clip"]
    assert group_kinds([*FILMS, *make({})]) == []
    assert group_kinds([]) == []


def test_kinds_of_as_many_groups_are_told_by_name() -> None:
    assert group_kinds(make({"b": "1", "a": "x"}, {"b": "2", "a": "y"})) == ["a", "b"]


def test_the_coarsest_kind_is_the_default() -> None:
    assert group_names(FILMS, None) == ["A", "A", "B"]
    assert group_names(FILMS, "clip") == ["A_1", "A_2", "B_1"]
    assert coarsest_groups(FILMS) == ["A", "A", "B"]


def test_merged_groups_count_as_one() -> None:
    assert group_names(FILMS, "movie", {"A": "series", "B": "series"}) == ["series"] * 3
    assert group_names(FILMS, "movie", {"B": "series"}) == ["A", "A", "series"]


def test_images_without_groups_have_no_coarsest_ones() -> None:
    assert coarsest_groups(make({}, {})) is None
    with pytest.raises(DataError, match=r"has no groups.*group_pattern.*protocol\.name=\"paper\""):
        group_names(make({}, {}), None)


def test_an_image_without_a_group_of_the_kind_is_named_with_the_kinds_there_are() -> None:
    mixed = [*FILMS, *make({"clip": "C_1"})]
    with pytest.raises(DataError, match=r"has no group of kind 'movie'. Available kinds: clip"):
        group_names(mixed, "movie")
