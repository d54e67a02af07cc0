"""Checks of datasets."""

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
"""Canonical label to its spellings in datasets."""
SPLITS = {"", "train", "validation", "test"}


def _samples(subject: ComponentUnderTest) -> Sequence[Sample]:
    return list(subject.built.samples())


def _paths(subject: ComponentUnderTest) -> list[str]:
    """Return the options that are paths."""
    parameters = option_parameters(subject.component)
    return [name for name, p in parameters.items() if p.annotation in (Path, Path | None)]


def _with_nothing_there(subject: ComponentUnderTest) -> Any:
    """Build a dataset whose folders and files do not exist."""
    paths = _paths(subject)
    if not paths:
        skip("none of its options is a path")
    return subject.build(**{name: str(subject.folder / "not_there" / name) for name in paths})


@check("dataset")
def tells_a_folder_that_is_missing(subject: ComponentUnderTest) -> None:
    """`problems` reports a missing folder in a sentence, without an exception."""
    try:
        problems = list(_with_nothing_there(subject).problems())
    except OSError as error:
        expect(
            False,
            "sentences from problems()",
            f"{type(error).__name__}: {error}",
            "Check that the path exists before you read it.",
        )
    else:
        is_right = bool(problems) and all(isinstance(one, str) and one.strip() for one in problems)
        fix = "Return a sentence with the missing path and where to get the data."
        expect(is_right, "sentences from problems()", problems, fix)
        is_named = any("not_there" in one for one in problems)
        expect(is_named, "the missing path in a problem", problems, "Add the path to the sentence.")


@check("dataset")
def raises_data_error_where_nothing_is(subject: ComponentUnderTest) -> None:
    """`samples` raises DataError if the folder is missing."""
    dataset = _with_nothing_there(subject)
    try:
        found = list(dataset.samples())
    except DataError:
        return
    except Exception as error:
        fix = "Raise ferkit.plugin.DataError with the path and what to do."
        expect(False, "DataError", f"{type(error).__name__}: {error}", fix)
    else:
        fix = "Raise ferkit.plugin.DataError if there is no image."
        expect(False, "DataError", f"{len(found)} samples", fix)


@check("dataset", is_basis=True)
def finds_no_problem_in_its_data(subject: ComponentUnderTest) -> None:
    """`problems` is empty if the data is complete."""
    given = {name: Path(subject.options[name]) for name in _paths(subject) if subject.options.get(name)}
    lost = [f"{name} = {path}" for name, path in given.items() if not path.exists()]
    expect(not lost, "existing paths in the options", f"nothing at {', '.join(lost)}", "Correct the options.")
    problems = list(subject.built.problems())
    fix = "Correct `problems`, or the test data of the check."
    expect(not problems, "no problem", problems, fix)


@check("dataset", rests=True)
def gives_samples(subject: ComponentUnderTest) -> None:
    """`samples` returns at least one Sample, each with an existing file and only once."""
    samples = _samples(subject)
    is_right = bool(samples) and all(isinstance(one, Sample) for one in samples)
    fix = "Return ferkit.plugin.Sample(path, label) for each image."
    expect(is_right, "Samples", f"{len(samples)} of {sorted({type(one).__name__ for one in samples})}", fix)
    lost = [one.path for one in samples if not isinstance(one.path, Path) or not one.path.is_file()]
    expect(not lost, "Paths of existing files", lost[:3], "Join each name with the folder of the data.")
    counts = Counter(one.path for one in samples)
    twice = sorted(str(path) for path, times in counts.items() if times > 1)
    fix = "Return each image once. A second copy could be in both training and test data."
    expect(not twice, "each image once", f"twice: {', '.join(twice[:3])}", fix)


@check("dataset", rests=True)
def uses_canonical_label_names(subject: ComponentUnderTest) -> None:
    """Labels are the canonical names of the expressions."""
    labels = sorted({sample.label for sample in _samples(subject)})
    expect(all(labels), "a label for each image", labels, "Exclude images without a label.")
    for label in labels:
        for canonical, spellings in SPELLINGS.items():
            is_other = label.lower() in (canonical, *spellings) and label not in CANONICAL_LABELS
            fix = f"Map {label!r} to {canonical!r}. Runs and weights identify classes by name."
            expect(not is_other, canonical, label, fix)


@check("dataset", rests=True)
def has_more_than_one_label(subject: ComponentUnderTest) -> None:
    """There are two labels or more."""
    labels = {sample.label for sample in _samples(subject)}
    expect(len(labels) > 1, "two labels or more", sorted(labels), "Provide test data with several classes.")


@check("dataset", rests=True)
def names_splits_and_groups_as_agreed(subject: ComponentUnderTest) -> None:
    """`split` is "train", "validation", "test" or "", and `groups` maps strings to strings."""
    for sample in _samples(subject):
        fix = 'Set "train", "validation" or "test", or "" if the dataset defines no splits.'
        expect(sample.split in SPLITS, "train, validation, test or nothing", repr(sample.split), fix)
        words = [*sample.groups, *sample.groups.values()]
        is_right = all(isinstance(word, str) for word in words)
        fix = 'Convert numbers to strings, such as groups={"person": "12"}.'
        expect(is_right, "groups from strings to strings", dict(sample.groups), fix)


@check("dataset", rests=True)
def gives_soft_targets_that_the_label_leads(subject: ComponentUnderTest) -> None:
    """Soft targets are probabilities of known labels, sum to 1, and are largest for the label."""
    samples = _samples(subject)
    labels = {sample.label for sample in samples}
    if not any(sample.soft_target for sample in samples):
        skip("its samples have no soft targets")
    fix = "Remove names that are no labels, divide by the sum, and use the most probable label as `label`."
    for sample in samples:
        if found := find_disagreement(sample, labels):
            expected, got = found
            expect_agreed((f"{expected}, for {sample.path}", got), fix)


@check("dataset", rests=True)
def lists_samples_in_one_order(subject: ComponentUnderTest) -> None:
    """Two calls, and another instance, list the samples in the same order."""
    first, again, other = _samples(subject), _samples(subject), list(subject.build().samples())
    fix = "Sort the files and do not shuffle. The folds depend on the order."
    expect(first == again == other, "the same order each time", "another order", fix)


@check("dataset", rests=True)
def lists_samples_sorted(subject: ComponentUnderTest) -> None:
    """The order does not depend on the order in which the file system lists a folder."""
    expected = _samples(subject)
    with _listed_backwards():
        found = list(subject.build().samples())
    fix = "Use sorted(folder.iterdir()). The order of a file system is arbitrary."
    got = "another order when folders are listed in reverse"
    expect(found == expected, "the same order each time", got, fix)


@contextmanager
def _listed_backwards() -> Iterator[None]:
    """List folders in reverse order. pathlib, glob and os.walk use these two functions."""
    listdir, scandir = os.listdir, os.scandir

    class Backwards:
        """Replacement for the iterator of os.scandir."""

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
    """Every image is in the folder `root`, or in ferkit's cache. `root` is optional."""
    root = getattr(subject.built, "root", None)
    if root is None:
        skip("it has no attribute root, which manifests need")
    expect(isinstance(root, Path), "root, a Path", repr(root), "Store it as pathlib.Path.")
    allowed = (root, cache_dir(""))
    paths = [one.path for one in _samples(subject)]
    outside = [str(path) for path in paths if not any(path.is_relative_to(one) for one in allowed)]
    expect(not outside, f"images in {root}", outside[:3], "Set root to a folder that contains all images.")


@check("dataset", rests=True)
def counts_what_it_left_out(subject: ComponentUnderTest) -> None:
    """`left_out` maps reasons to counts, the same after each call. It is optional."""
    dataset = subject.build()
    if not hasattr(dataset, "left_out"):
        skip("it has no attribute left_out, which reports excluded images")
    counts = []
    for _ in range(2):
        dataset.samples()
        fix = 'Count in samples: self.left_out = {"without a label": 3}.'
        expect_agreed(wrong_left_out(dataset.left_out), fix)
        counts.append(dict(dataset.left_out))
    fix = "Reset it at the start of samples: self.left_out = {}."
    expect(counts[0] == counts[1], f"{counts[0]} again", counts[1], fix)


@check("dataset", rests=True)
def tells_its_time(subject: ComponentUnderTest) -> str:
    """Duration, without a limit."""
    started = time.perf_counter()
    count = len(_samples(subject))
    return f"{(time.perf_counter() - started) * 1e3:.1f} ms for {count} samples"
