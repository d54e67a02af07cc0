"""Inner folds: groups, number of folds and errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ferkit.data.inner_folds import inner_groups, make_inner_folds
from ferkit.errors import DataError
from ferkit.interfaces import Sample

TRUTH = ["anger", "fear", "neutral"] * 8
MOVIES = [f"movie {place // 3}" for place in range(24)]
deal = partial(make_inner_folds, chosen="C and gamma")


def samples(*groups: dict[str, str]) -> list[Sample]:
    return [Sample(Path(f"{place}.png"), "anger", one) for place, one in enumerate(groups)]


def test_every_face_is_in_one_inner_fold_and_no_group_in_two() -> None:
    parts, warnings = deal(TRUTH, MOVIES, folds=4, seed=0)
    assert sorted(np.concatenate([test for _, test in parts])) == list(range(24))
    for train, test in parts:
        assert not {MOVIES[place] for place in train} & {MOVIES[place] for place in test}
        assert len(train) + len(test) == 24
    assert warnings == []


def test_the_deal_depends_on_the_seed_alone() -> None:
    first, again, other = (deal(TRUTH, None, 4, seed)[0] for seed in (1, 1, 2**40))
    assert all((one[1] == two[1]).all() for one, two in zip(first, again, strict=True))
    assert any((one[1] != two[1]).any() for one, two in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("truth", "groups", "folds", "warning"),
    [
        (TRUTH + ["joy"] * 3, None, 3, "3 inner folds, not 5: 'joy' has 3 training images"),
        (TRUTH, [f"{min(place // 3, 4)}" for place in range(24)], 5, ""),
        (
            TRUTH,
            [f"{place // 3 % 3}" for place in range(24)],
            3,
            "3 inner folds, not 5: the training images have 3 groups",
        ),
    ],
)
def test_there_are_as_few_folds_as_images_of_a_class_or_groups(
    truth: list[str], groups: list[str] | None, folds: int, warning: str
) -> None:
    parts, warnings = deal(truth, groups, folds=5, seed=0)
    assert len(parts) == folds
    assert warning in "".join(warnings)
    assert bool(warnings) is bool(warning)


@pytest.mark.parametrize(
    ("truth", "groups", "message"),
    [
        ([*TRUTH, "joy"], None, "'joy' has 1 training image. Add images"),
        (["anger", "fear"] * 4, ["a"] * 8, 'have 1 group. Use data with more groups.*"none"'),
        (
            [*TRUTH, "joy", "joy"],
            [*MOVIES, "Town", "Town"],
            "all training images of 'joy' are in one group, 'Town'.*inner_by",
        ),
    ],
)
def test_where_no_two_folds_can_be_made_the_cause_is_named(
    truth: Sequence[str], groups: Sequence[str] | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        deal(truth, groups, folds=5, seed=0)


def test_a_fold_that_leaves_a_class_nothing_to_learn_from_is_refused() -> None:
    # Half of every other class is in one film, so that the two small films that share "joy" go together.
    truth, groups = ["joy", "joy"], ["a", "b"]
    for label in ("anger", "fear", "neutral"):
        truth += [label] * 20
        groups += ["a"] * 5 + ["b"] * 5 + ["c"] * 10
    with pytest.raises(DataError, match="one of the 2 has every image of 'joy'"):
        deal(truth, groups, folds=2, seed=0)


def test_groups_are_the_coarsest_kind_that_all_have() -> None:
    faces = samples({"clip": "a1", "movie": "a"}, {"clip": "a2", "movie": "a", "person": "x"})
    assert inner_groups(faces, None) == ["a", "a"]
    assert inner_groups(faces, "clip") == ["a1", "a2"]
    assert inner_groups(faces, "none") is None
    assert inner_groups(samples({}, {"movie": "a"}), None) is None


@pytest.mark.parametrize(
    ("tested", "expected"),
    [
        ([{"clip": "b1", "movie": "b"}], ["a", "a", "c"]),
        ([{"clip": "a3", "movie": "a"}, {"clip": "b1", "movie": "b"}], ["a1", "a2", "c1"]),
        ([{"clip": "a1", "movie": "a"}, {"clip": "b1", "movie": "b"}], None),
        ([{"clip": "b1"}], ["a1", "a2", "c1"]),
        ([], ["a", "a", "c"]),
    ],
)
def test_inner_folds_can_differ_as_the_tested_faces_do(
    tested: list[dict[str, str]], expected: list[str] | None
) -> None:
    train = [{"clip": "a1", "movie": "a"}, {"clip": "a2", "movie": "a"}, {"clip": "c1", "movie": "c"}]
    assert inner_groups(samples(*train), "test", samples(*tested)) == expected


def test_a_face_without_a_group_of_the_kind_is_named() -> None:
    message = "inner_by: 1.png has no group of the kind 'person'. All images have: movie"
    with pytest.raises(DataError, match=re.escape(message)):
        inner_groups(samples({"movie": "a", "person": "x"}, {"movie": "b"}), "person")
