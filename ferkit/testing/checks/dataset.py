"""Checks of data sets."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ferkit.components.contract import wrong_left_out
from ferkit.components.options import option_parameters
from ferkit.components.soft_target import find_disagreement
from ferkit.errors import DataError
from ferkit.interfaces import CANONICAL_LABELS, Sample
from ferkit.runtime.cache_dirs import cache_dir
from ferkit.testing.check import check, expect, expect_agreed, skip
from ferkit.testing.component_under_test import ComponentUnderTest

SPELLINGS = {
    "anger": ("angry", "ang", "an"),
    "contempt": ("contemptuous", "con"),
    "disgust": ("disgusted", "dis", "di"),
    "fear": ("fearful", "afraid", "fea", "fe"),
    "happiness": ("happy", "joy", "hap", "ha"),
    "neutral": ("neutrality", "neu", "ne"),
    "sadness": ("sad", "sa"),
    "surprise": ("surprised", "sur", "su"),
}
"""How data sets write the canonical labels."""
SPLITS = {"", "train", "validation", "test"}


def _samples(subject: ComponentUnderTest) -> Sequence[Sample]:
    return list(subject.built.samples())


def _paths(subject: ComponentUnderTest) -> list[str]:
    """The options that are paths."""
    parameters = option_parameters(subject.component)
    return [name for name, p in parameters.items() if p.annotation in (Path, Path | None)]


def _with_nothing_there(subject: ComponentUnderTest) -> Any:
    """One whose folders and files are not there."""
    paths = _paths(subject)
    if not paths:
        skip("it has no option that is a path")
    return subject.build(**{name: str(subject.folder / "not_there" / name) for name in paths})


@check("dataset")
def tells_a_folder_that_is_missing(subject: ComponentUnderTest) -> None:
    """A sentence of `problems`, not an exception, for a folder that is not there."""
    try:
        problems = list(_with_nothing_there(subject).problems())
    except OSError as error:
        expect(
            False, "problems, a sentence each", f"{type(error).__name__}: {error}", "Look before you read."
        )
    else:
        is_right = bool(problems) and all(isinstance(one, str) and one.strip() for one in problems)
        mend = "Return a sentence: what was looked for, where, and from whom the data are to be had."
        expect(is_right, "problems, a sentence each", problems, mend)
        is_named = any("not_there" in one for one in problems)
        expect(is_named, "the missing path in a problem", problems, "Write the path into the sentence.")


@check("dataset")
def raises_data_error_where_nothing_is(subject: ComponentUnderTest) -> None:
    """DataError of `samples` for a folder that is not there."""
    dataset = _with_nothing_there(subject)
    try:
        found = list(dataset.samples())
    except DataError:
        return
    except Exception as error:
        mend = "Raise ferkit.plugin.DataError with the path and what to do."
        expect(False, "DataError", f"{type(error).__name__}: {error}", mend)
    else:
        mend = "Raise ferkit.plugin.DataError: no image is no data set."
        expect(False, "DataError", f"{len(found)} samples", mend)


@check("dataset", is_basis=True)
def finds_no_problem_in_its_data(subject: ComponentUnderTest) -> None:
    """No problem where all is there."""
    given = {name: Path(subject.options[name]) for name in _paths(subject) if subject.options.get(name)}
    lost = [f"{name} = {path}" for name, path in given.items() if not path.exists()]
    expect(
        not lost, "data where the options point to", f"nothing at {', '.join(lost)}", "Give what is there."
    )
    problems = list(subject.built.problems())
    mend = "Mend `problems`, or the miniature that the check was given."
    expect(not problems, "no problem", problems, mend)


@check("dataset", rests=True)
def gives_samples(subject: ComponentUnderTest) -> None:
    """Samples, at least one, whose files are there, each once."""
    samples = _samples(subject)
    is_right = bool(samples) and all(isinstance(one, Sample) for one in samples)
    mend = "Return ferkit.plugin.Sample(path, label) for each image."
    expect(is_right, "Samples", f"{len(samples)} of {sorted({type(one).__name__ for one in samples})}", mend)
    lost = [one.path for one in samples if not isinstance(one.path, Path) or not one.path.is_file()]
    expect(not lost, "Paths of files that are there", lost[:3], "Join each name with the data's folder.")
    counts = Counter(one.path for one in samples)
    twice = sorted(str(path) for path, times in counts.items() if times > 1)
    mend = "Give each image once: a copy would be trained and tested on."
    expect(not twice, "each image once", f"twice: {', '.join(twice[:3])}", mend)


@check("dataset", rests=True)
def uses_canonical_label_names(subject: ComponentUnderTest) -> None:
    """The canonical name of each expression, whatever the data set calls it."""
    labels = sorted({sample.label for sample in _samples(subject)})
    expect(all(labels), "a label for each image", labels, "Leave images without a label out.")
    for label in labels:
        for canonical, spellings in SPELLINGS.items():
            is_other = label.lower() in (canonical, *spellings) and label not in CANONICAL_LABELS
            mend = f"Map {label!r} to {canonical!r}: runs and weights know classes by their names."
            expect(not is_other, canonical, label, mend)


@check("dataset", rests=True)
def has_more_than_one_label(subject: ComponentUnderTest) -> None:
    """Two labels or more."""
    labels = {sample.label for sample in _samples(subject)}
    expect(len(labels) > 1, "two labels or more", sorted(labels), "Give it a miniature of several classes.")


@check("dataset", rests=True)
def names_splits_and_groups_as_agreed(subject: ComponentUnderTest) -> None:
    """`split` one of train, validation, test or ""; groups from names to names."""
    for sample in _samples(subject):
        mend = 'Write "train", "validation" or "test"; "" where the data set names no parts.'
        expect(sample.split in SPLITS, "a split that ferkit knows", repr(sample.split), mend)
        words = [*sample.groups, *sample.groups.values()]
        is_right = all(isinstance(word, str) for word in words)
        mend = 'Write groups={"person": "12"}: strings, numbers too.'
        expect(is_right, "groups from strings to strings", dict(sample.groups), mend)


@check("dataset", rests=True)
def gives_soft_targets_that_the_label_leads(subject: ComponentUnderTest) -> None:
    """Where there are soft targets: shares of 0 to 1 of the samples' own labels, that add up to 1, the
    label's the largest.
    """
    samples = _samples(subject)
    labels = {sample.label for sample in samples}
    if not any(sample.soft_target for sample in samples):
        skip("its samples have no soft targets")
    mend = "Leave out what is no label, divide by the sum, and take the largest share's name for the label."
    for sample in samples:
        if found := find_disagreement(sample, labels):
            expected, came = found
            expect_agreed((f"{expected}, for {sample.path}", came), mend)


@check("dataset", rests=True)
def lists_samples_in_one_order(subject: ComponentUnderTest) -> None:
    """The same order twice, and by another object."""
    first, again, other = _samples(subject), _samples(subject), list(subject.build().samples())
    mend = "Sort what the file system lists, and shuffle nothing: folds are drawn by the order."
    expect(first == again == other, "the samples in one order", "in another the next time", mend)


@check("dataset", rests=True)
def lists_samples_sorted(subject: ComponentUnderTest) -> None:
    """The same order however a file system lists its folders."""
    expected = _samples(subject)
    with _listed_backwards():
        found = list(subject.build().samples())
    mend = "Go through sorted(folder.iterdir()): every file system lists in an order of its own."
    came = "another where folders are listed the other way round"
    expect(found == expected, "one order of the samples", came, mend)


@contextmanager
def _listed_backwards() -> Iterator[None]:
    """Folders as another file system may list them. pathlib, glob and os.walk list by these two."""
    listdir, scandir = os.listdir, os.scandir

    class Backwards:
        """What os.scandir gives: an iterator over entries, in a context that closes it."""

        def __init__(self, entries: list[os.DirEntry[Any]]) -> None:
            self.entries = entries

        def __iter__(self) -> Backwards:
            return self

        def __next__(self) -> os.DirEntry[Any]:
            if not self.entries:
                raise StopIteration
            return self.entries.pop(0)

        def __enter__(self) -> Backwards:
            return self

        def __exit__(self, *details: object) -> None: ...

        def close(self) -> None: ...

    def scan(path: Any = ".") -> Backwards:
        with scandir(path) as entries:
            return Backwards(sorted(entries, key=lambda one: one.name, reverse=True))

    with patch("os.listdir", lambda path=".": sorted(listdir(path), reverse=True)), patch("os.scandir", scan):
        yield


@check("dataset", rests=True)
def lies_below_its_root(subject: ComponentUnderTest) -> None:
    """Every image below `root`, where it has one, or drawn into ferkit's cache."""
    root = getattr(subject.built, "root", None)
    if root is None:
        skip("it has no root, by which manifests would name its images")
    expect(isinstance(root, Path), "root, a Path", repr(root), "Keep it as pathlib.Path.")
    allowed = (root, cache_dir(""))
    paths = [one.path for one in _samples(subject)]
    outside = [str(path) for path in paths if not any(path.is_relative_to(one) for one in allowed)]
    expect(not outside, f"images below {root}", outside[:3], "Set root to the folder of all of them.")


@check("dataset", rests=True)
def counts_what_it_left_out(subject: ComponentUnderTest) -> None:
    """`left_out`, where it has one: from reasons to numbers, the same each time."""
    dataset = subject.build()
    if not hasattr(dataset, "left_out"):
        skip("it has no left_out, which only a data set needs that does without some of what it lists")
    counts = []
    for _ in range(2):
        dataset.samples()
        mend = 'Count in samples: self.left_out = {"without a label": 3}.'
        expect_agreed(wrong_left_out(dataset.left_out), mend)
        counts.append(dict(dataset.left_out))
    mend = "Begin at nothing in samples: self.left_out = {}."
    expect(counts[0] == counts[1], f"{counts[0]} again", counts[1], mend)


@check("dataset", rests=True)
def tells_its_time(subject: ComponentUnderTest) -> str:
    """Measured, not judged."""
    started = time.perf_counter()
    count = len(_samples(subject))
    return f"{(time.perf_counter() - started) * 1e3:.1f} ms for {count} samples"
