"""Which images train, validate and test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ferkit.errors import DataError
from ferkit.evaluation.protocol import Fold, folds, settle_protocol
from ferkit.evaluation.protocol_options import GroupedProtocol, HoldoutProtocol, NestedProtocol, PaperProtocol
from ferkit.interfaces import Sample


def make_samples(truth: Sequence[str], movies: int = 0, split: str = "") -> list[Sample]:
    """movies: how many; each image's movie and clip by its number, 0 for no groups."""
    return [
        Sample(
            Path(f"{number}.png"),
            label,
            {"movie": f"m{number % movies}", "clip": f"m{number % movies}_{number // 2}"} if movies else {},
            split,
        )
        for number, label in enumerate(truth)
    ]


TRUTH = ["anger"] * 10 + ["disgust"] * 7 + ["fear"] * 10
SAMPLES = make_samples(TRUTH)
FILMED = make_samples(["anger"] * 30 + ["fear"] * 30, movies=9)


def movies_of(positions: Sequence[int] | np.ndarray, kind: str = "movie") -> set[str]:
    return {FILMED[position].groups[kind] for position in positions}


def test_every_face_is_tested_once_in_each_repeat() -> None:
    for repeat in range(2):
        tested = [c.test for c in folds(PaperProtocol(repeats=2), SAMPLES) if c.repeat == repeat]
        assert sorted(np.concatenate(tested)) == list(range(len(TRUTH)))


def test_no_face_trains_and_tests_in_the_same_fold() -> None:
    for fold in folds(PaperProtocol(folds=3), SAMPLES):
        assert not set(fold.train) & set(fold.test)
        assert len(fold.train) + len(fold.test) == len(TRUTH)


def test_folds_have_the_classes_in_equal_shares() -> None:
    for fold in folds(PaperProtocol(repeats=1), SAMPLES):
        counts = Counter(TRUTH[position] for position in fold.test)
        assert counts["anger"] == counts["fear"] == 5
        assert counts["disgust"] in (3, 4)


@pytest.mark.parametrize(("new_folds", "is_same"), [(False, True), (True, False)])
def test_repeats_share_their_folds_unless_told_otherwise(new_folds: bool, is_same: bool) -> None:
    first, _, second, _ = folds(PaperProtocol(repeats=2, new_folds=new_folds), SAMPLES)
    assert (list(first.test) == list(second.test)) is is_same


def test_the_seed_decides_the_folds() -> None:
    def tests_of(seed: int) -> list[list[int]]:
        return [c.test.tolist() for c in folds(PaperProtocol(repeats=1, seed=seed), SAMPLES)]

    assert tests_of(0) == tests_of(0)
    assert tests_of(0) != tests_of(1)


def test_a_class_with_one_image_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"class 'disgust' has 1 image; 2 stratified folds need at least 2"):
        list(folds(PaperProtocol(), make_samples(["anger"] * 4 + ["disgust"])))


def test_no_group_crosses_grouped_folds_and_the_coarsest_kind_is_the_default() -> None:
    for fold in folds(GroupedProtocol(name="grouped"), FILMED):
        assert not movies_of(fold.train) & movies_of(fold.test)
        assert fold.validation is None
    crossing = [
        movies_of(c.train) & movies_of(c.test)
        for c in folds(GroupedProtocol(name="grouped", by="clip"), FILMED)
    ]
    assert all(crossing)
    for fold in folds(GroupedProtocol(name="grouped", by="clip"), FILMED):
        assert not movies_of(fold.train, "clip") & movies_of(fold.test, "clip")


def test_nested_folds_have_three_parts_that_share_no_group() -> None:
    for fold in folds(NestedProtocol(name="nested"), FILMED):
        assert fold.validation is not None
        parts = [fold.train, fold.validation, fold.test]
        assert sorted(np.concatenate(parts)) == list(range(len(FILMED)))
        names = [movies_of(part) for part in parts]
        assert not names[0] & names[1]
        assert not (names[0] | names[1]) & names[2]
        assert 0.1 < len(fold.validation) / (len(fold.train) + len(fold.validation)) < 0.4


def test_nested_without_groups_is_stratified() -> None:
    for samples, by in ((SAMPLES, None), (FILMED, "none")):
        for fold in folds(NestedProtocol(name="nested", by=by, inner_folds=3), samples):
            assert fold.validation is not None
            counts = Counter(samples[position].label for position in fold.validation)
            assert max(counts.values()) - min(counts.values()) <= 1


def test_each_fold_is_trained_for_every_candidate_on_the_same_images() -> None:
    found = list(folds(NestedProtocol(name="nested", repeats=1), FILMED, candidates=3))
    assert [(fold.index, fold.candidate) for fold in found] == [(f, c) for f in (0, 1) for c in (0, 1, 2)]
    assert found[0].train.tolist() == found[2].train.tolist()
    assert (found[1].name, found[1].directory) == ("repeat0_fold0_candidate1", "repeat0_fold0")


def test_grouped_folds_of_data_without_groups_say_what_to_do() -> None:
    with pytest.raises(DataError, match=r"has no groups.*group_pattern.*protocol\.name"):
        list(folds(GroupedProtocol(name="grouped"), SAMPLES))
    with pytest.raises(DataError, match=r"0\.png has no group of kind 'person'.*movie, clip"):
        list(folds(GroupedProtocol(name="grouped", by="person"), FILMED))
    with pytest.raises(DataError, match="there are 2 groups; 3 folds without common groups"):
        list(folds(GroupedProtocol(name="grouped", folds=3), make_samples(["anger", "fear"] * 5, movies=2)))


def test_a_image_without_its_group_is_named_instead_of_folds_that_ignore_groups() -> None:
    odd = [*FILMED, Sample(Path("odd.png"), "fear")]
    for protocol in (GroupedProtocol(name="grouped"), NestedProtocol(name="nested")):
        with pytest.raises(DataError, match=r"odd\.png has no clip, but other images do"):
            list(folds(protocol, odd))
    assert list(folds(NestedProtocol(name="nested", by="none"), odd))


def test_a_class_that_the_training_images_lack_is_refused_with_its_fold() -> None:
    alone = [Sample(Path(f"{n}.png"), "disgust", {"movie": "m0", "clip": f"m0_{n}"}) for n in range(12)]
    with pytest.raises(DataError, match=r"repeat 1, fold \d: no training image has the label disgust"):
        list(folds(GroupedProtocol(name="grouped"), [*FILMED, *alone]))


def holdout(protocol: HoldoutProtocol, *parts: tuple[str, str, int]) -> Fold:
    samples = [one for label, split, count in parts for one in make_samples([label] * count, split=split)]
    (fold,) = folds(protocol, samples)
    return fold


BOTH = [("anger", "train", 8), ("fear", "train", 8), ("anger", "test", 3), ("fear", "test", 3)]


def test_holdout_takes_the_parts_that_the_data_gives() -> None:
    validated = [*BOTH, ("anger", "validation", 2), ("fear", "validation", 2)]
    fold = holdout(HoldoutProtocol(name="holdout", repeats=1), *validated)
    assert fold.validation is not None
    assert [len(part) for part in (fold.train, fold.validation, fold.test)] == [16, 4, 6]


def test_holdout_without_validation_images_takes_them_from_training_or_watches_the_test() -> None:
    fold = holdout(HoldoutProtocol(name="holdout", repeats=1), *BOTH)
    assert fold.validation is not None
    assert [len(part) for part in (fold.train, fold.validation, fold.test)] == [12, 4, 6]
    fold = holdout(HoldoutProtocol(name="holdout", repeats=1, validation="none"), *BOTH)
    assert fold.validation is None
    assert fold.monitored is fold.test


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (BOTH[:2], "no image is in its test split"),
        (BOTH[2:], "no image is in its train split"),
        ([*BOTH, ("disgust", "train", 5)], "no test image has the label disgust"),
    ],
)
def test_holdout_without_a_side_says_which(parts: list[tuple[str, str, int]], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        holdout(HoldoutProtocol(name="holdout", repeats=1), *parts)


@pytest.mark.parametrize(
    ("truth", "movies", "inner_folds"),
    [
        (TRUTH, 0, 3),
        (["anger"] * 8 + ["fear"] * 9, 0, 4),
        (["anger"] * 6 + ["fear"] * 9, 0, 3),
        (["anger"] * 4 + ["fear"] * 9, 0, 2),
        (["anger"] * 20 + ["fear"] * 20, 5, 2),
    ],
)
def test_the_default_protocol_takes_the_inner_folds_that_the_samples_allow(
    truth: list[str], movies: int, inner_folds: int
) -> None:
    samples = make_samples(truth, movies)
    settled = settle_protocol(NestedProtocol(repeats=2), samples)
    assert isinstance(settled, NestedProtocol)
    assert (settled.repeats, settled.inner_folds) == (2, inner_folds)
    for fold in folds(settled, samples):
        assert fold.validation is not None
        groups = [
            {samples[place].groups.get("movie", str(place)) for place in part}
            for part in (fold.train, fold.validation, fold.test)
        ]
        assert sum(map(len, groups)) == len(set.union(*groups))


def test_a_protocol_that_is_named_is_taken_as_it_is() -> None:
    few = make_samples(["anger"] * 4 + ["fear"] * 9)
    for named in (NestedProtocol(name="nested"), NestedProtocol(inner_folds=4), PaperProtocol()):
        assert settle_protocol(named, few) is named


@pytest.mark.parametrize(
    ("truth", "movies", "other"),
    [(["anger"] * 3 + ["fear"] * 9, 0, "paper"), (["anger"] * 20 + ["fear"] * 20, 3, "grouped")],
)
def test_where_no_validation_split_can_be_made_the_way_without_is_told(
    truth: list[str], movies: int, other: str
) -> None:
    with pytest.raises(DataError, match=f"--set protocol.name={other}"):
        settle_protocol(NestedProtocol(), make_samples(truth, movies))


def test_where_no_protocol_is_possible_none_is_told() -> None:
    with pytest.raises(DataError, match="class 'anger' has 1 image") as caught:
        settle_protocol(NestedProtocol(), make_samples(["anger"] + ["fear"] * 9))
    assert "--set" not in str(caught.value)
