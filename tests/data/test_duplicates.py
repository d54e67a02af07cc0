"""Duplicates: which one stays, what is told of the others, and that a run does without them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ferkit.data.crops import CropResult
from ferkit.data.duplicates import drop_duplicates, judge_duplicates, pixel_hash
from ferkit.interfaces import Face, Sample


def sample(name: str, label: str = "anger", split: str = "train") -> Sample:
    return Sample(Path(name), label, split=split)


def face(one: Sample, level: int, side: int = 4) -> Face:
    # Another file each time: what counts are the pixels.
    return Face(one, np.full((side, side, 3), level, np.uint8), None, None, f"hash of {one.path}")


@pytest.mark.parametrize(
    ("duplicates", "staying"),
    [
        ([sample("a"), sample("b", split="test")], ["b"]),
        ([sample("a"), sample("b", split="validation"), sample("c", split="test")], ["c"]),
        ([sample("a"), sample("b", split="validation")], ["b"]),
        ([sample("a"), sample("b", "fear", "test")], ["b"]),
        ([sample("a"), sample("b"), sample("c")], ["a"]),
        ([sample("a", split=""), sample("b", split="")], ["a"]),
        ([sample("a"), sample("b", "fear"), sample("c")], []),
        ([sample("a"), sample("b", "fear", "test"), sample("c", split="test")], []),
        ([sample("a", split="test"), sample("b", split="test"), sample("c", "fear")], ["a"]),
    ],
)
def test_test_images_stay_before_others_and_the_first_of_a_part_unless_labels_differ(
    duplicates: list[Sample], staying: list[str]
) -> None:
    left_out = judge_duplicates(duplicates, ["same"] * len(duplicates))
    assert [str(one.path) for place, one in enumerate(duplicates) if place not in left_out] == staying


def test_what_is_no_copy_stays() -> None:
    assert judge_duplicates([sample("a"), sample("b", "fear")], ["one", "another"]) == {}
    crops = CropResult([face(sample("a"), 1), face(sample("b"), 2), face(sample("c"), 1, side=2)], [])
    assert drop_duplicates(crops) is crops


def test_pixels_count_and_not_files() -> None:
    assert pixel_hash(face(sample("a"), 1)) == pixel_hash(face(sample("b"), 1))
    wide, tall = np.zeros((2, 3, 3), np.uint8), np.zeros((3, 2, 3), np.uint8)
    assert pixel_hash(Face(sample("a"), wide, None, None, "")) != pixel_hash(
        Face(sample("a"), tall, None, None, "")
    )


def test_duplicates_are_skipped_with_their_reason_and_counted() -> None:
    faces = [
        face(sample("train1"), 1),
        face(sample("train2"), 2),
        face(sample("train3", "fear"), 3),
        face(sample("train4"), 3),
        face(sample("train5"), 2),
        face(sample("test1", "fear", "test"), 1),
    ]
    crops = drop_duplicates(CropResult(faces, [(sample("black"), "no face was found")], ("before",)))
    assert [str(one.sample.path) for one in crops.faces] == ["train2", "test1"]
    assert {str(one.path): reason for one, reason in crops.skipped} == {
        "black": "no face was found",
        "train1": "its face equals that of the test image test1",
        "train3": "its face equals that of train4, which has the label anger, not fear",
        "train4": "its face equals that of train3, which has the label fear, not anger",
        "train5": "its face equals that of train2",
    }
    before, told = crops.warnings
    assert before == "before"
    assert told.startswith("4 images are dropped as pixel-for-pixel duplicates of others: 2 with different")
    assert "1 of test images" in told
    assert "1 of one in the same split" in told


def test_every_copy_is_counted_once() -> None:
    generator = np.random.default_rng(0)
    splits, labels = ("train", "validation", "test"), ("anger", "fear")
    samples = [
        sample(f"{n}", labels[generator.integers(2)], splits[generator.integers(3)]) for n in range(300)
    ]
    keys = generator.integers(0, 100, 300).tolist()
    left_out = judge_duplicates(samples, keys)
    kept = [key for place, key in enumerate(keys) if place not in left_out]
    assert max(Counter(kept).values()) == 1
    test_keys = {key for key, one in zip(keys, samples, strict=True) if one.split == "test"}
    assert not {
        keys[place]
        for place, one in enumerate(samples)
        if place not in left_out and one.split != "test" and keys[place] in test_keys
    }
