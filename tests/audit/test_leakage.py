"""What of the test images is in training: groups, duplicates, twins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ferkit.audit.leakage import (
    Split,
    describe_groups,
    find_crossings,
    make_split,
    partial_groups,
    random_protocol,
)
from ferkit.audit.near_duplicates import NO_PAIRS, Pairs
from ferkit.audit.read import Images
from ferkit.evaluation.protocol import Fold
from ferkit.evaluation.protocol_options import GroupedProtocol, HoldoutProtocol, PaperProtocol, Protocol
from ferkit.interfaces import Sample

PARTS = ("train", "train", "validation", "validation", "test", "test", "test", "test")


def sample(number: int, group: str, split: str = "") -> Sample:
    return Sample(Path(f"{number}.png"), ("happy", "sad")[number % 2], {"clip": group}, split)


def images(hashes: str, groups: str = "abcdefgh") -> Images:
    """Eight of them in given parts: two train, two validate, four test."""
    samples = [sample(n, groups[n], PARTS[n]) for n in range(8)]
    bits = np.zeros((8, 64), dtype=np.bool_)
    return Images(Path(), samples, [f"{n}.png" for n in range(8)], list(hashes), bits, ())


def pairs(*ends: tuple[int, int]) -> Pairs:
    first, second = (np.array([end[side] for end in ends], dtype=np.intp) for side in range(2))
    return Pairs(first, second, np.ones(len(ends), np.float32))


EVERYTHING = np.arange(8)
HOLDOUT = HoldoutProtocol(name="holdout")


def test_duplicates_in_training_or_validation_count_and_those_among_test_images_do_not() -> None:
    held = images("aabcabxx")  # 4 is a copy of 0 and 1, 5 one of 2; 6 and 7 are duplicates of each other
    split = make_split(HOLDOUT, held.samples, EVERYTHING)
    found = find_crossings(split, held, (NO_PAIRS,))
    assert (found.test_images, found.duplicates, found.near_duplicates) == (4, 2, 0)


def test_twins_count_once_each_however_many_they_have_and_by_whatever_method() -> None:
    held = images("abcdefgh")
    split = make_split(HOLDOUT, held.samples, EVERYTHING)
    # 4 has two twins in training, by two methods; 5 one in validation, 6 and 7 only each other.
    near = (pairs((0, 4), (1, 4), (6, 7), (0, 1)), pairs((0, 4), (3, 5)))
    assert find_crossings(split, held, near).near_duplicates == 2


def test_images_that_the_recipe_skips_are_nobodys_twins() -> None:
    held = images("abcdefgh")
    twins = (pairs((0, 4), (2, 6)),)
    assert find_crossings(make_split(HOLDOUT, held.samples, EVERYTHING), held, twins).near_duplicates == 2
    used = np.array([0, 1, 3, 4, 5, 6, 7])  # without 2, the twin of 6
    split = Split(HOLDOUT, used, [Fold(0, 0, np.array([0, 1]), np.array([3, 4, 5, 6]), np.array([2]))], "")
    found = find_crossings(split, held, twins)
    assert (found.test_images, found.near_duplicates) == (4, 1)


@pytest.mark.parametrize("new_folds", [False, True])
def test_counts_are_those_of_one_repeat(new_folds: bool) -> None:
    held = images("abcdefgh")
    protocol = PaperProtocol(folds=8 // 2, repeats=5, new_folds=new_folds)
    split = make_split(protocol, held.samples, EVERYTHING)
    everyone = pairs(*((one, other) for one in range(8) for other in range(one + 1, 8)))
    found = find_crossings(split, held, (everyone, NO_PAIRS))
    assert (found.test_images, found.near_duplicates) == (8, 8)


@pytest.mark.parametrize(
    ("protocol", "share"),
    [(PaperProtocol(), 1.0), (GroupedProtocol(name="grouped", by="clip"), 0.0)],
)
def test_groups_cross_stratified_folds_and_not_grouped_ones(protocol: Protocol, share: float) -> None:
    samples = [sample(n, "ab"[n % 4 // 2]) for n in range(40)]
    own = make_split(protocol, samples, np.arange(40))
    (found,) = describe_groups(samples, make_split(random_protocol(20), samples, np.arange(40)), own)
    assert (found.kind, found.groups, found.sharing) == ("clip", 2, 40)
    assert found.protocol_fraction == share
    assert found.random_fraction == 1.0


def test_the_random_fraction_is_the_mean_over_the_seeds() -> None:
    # Of two images in a pair, the other is in training in about half of the splits.
    samples = [sample(n, f"pair{n // 2}" if n < 20 else f"single{n}") for n in range(40)]
    everything = np.arange(40)
    split = make_split(random_protocol(50), samples, everything)
    assert len(split.folds) == 100
    (found,) = describe_groups(samples, split, None)
    assert found.sharing == 20
    assert found.protocol_fraction is None
    assert found.random_fraction == pytest.approx(0.25, abs=0.03)
    (few,) = describe_groups(samples, make_split(random_protocol(1), samples, everything), None)
    assert few.random_fraction != found.random_fraction


def test_a_split_that_cannot_be_made_is_told_and_not_raised() -> None:
    samples = [sample(0, "a"), sample(1, "b"), sample(2, "c")]
    split = make_split(random_protocol(3), samples, np.arange(3))
    assert split.folds == []
    assert "class 'sad' has 1 image" in split.problem
    (found,) = describe_groups(samples, split, split)
    assert (found.random_fraction, found.protocol_fraction) == (None, None)


def test_groups_that_only_some_images_have_are_counted_apart() -> None:
    samples = [sample(0, "a"), Sample(Path("b"), "sad", {"clip": "b", "person": "p"})]
    assert partial_groups(samples) == {"person": 1}
