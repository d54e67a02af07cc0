"""The training faces dealt into inner folds, on which C and gamma are chosen."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from ferkit.plugin import DataError, Sample

UNGROUPED = "none"
Positions = NDArray[np.intp]


def inner_groups(samples: Sequence[Sample], by: str | None) -> list[str] | None:
    """Each sample's group of the kind `by`; None is the coarsest that all have, "none" is none.

    Gives None where nothing is to be kept together. Raises DataError where a sample lacks the kind.
    """
    kinds = set.intersection(*(set(sample.groups) for sample in samples))
    if by == UNGROUPED or (by is None and not kinds):
        return None
    kind = by or min(kinds, key=lambda one: (len({sample.groups[one] for sample in samples}), one))
    for sample in samples:
        if kind not in sample.groups:
            known = ", ".join(sorted(kinds)) or "none that all images have"
            raise DataError(
                f"estimator.inner_by: {sample.path} has no group of the kind {kind!r}; kinds that there are: "
                f'{known}. Take one of these, or inner_by = "none"'
            )
    return [sample.groups[kind] for sample in samples]


def deal(
    truth: Sequence[str], groups: Sequence[str] | None, folds: int, seed: int
) -> tuple[list[tuple[Positions, Positions]], list[str]]:
    """(train, test) of each inner fold, every class in shares as equal as can be; and warnings.

    Where the rarest class has fewer images than there are to be folds, or there are fewer groups, there are
    as many folds as that, and a warning says so. Raises DataError where not even two can be made that each
    leave every class something to learn from.
    """
    problem, most = min(_most_folds(truth, groups).items(), key=lambda one: one[1])
    if most < 2:
        raise DataError(f"C and gamma can't be chosen on inner folds: {problem}. {_hint(groups)}")
    warnings = []
    if most < folds:
        warnings = [f"C and gamma were chosen on {most} inner folds, not {folds}: {problem}"]
        folds = most
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = kind(folds, shuffle=True, random_state=seed % 2**32)
    parts = list(splitter.split(np.zeros(len(truth)), truth, groups))
    for train, _ in parts:
        if missing := sorted(set(truth) - {truth[place] for place in train}):
            raise DataError(
                f"C and gamma can't be chosen on inner folds: one of the {folds} holds every image of "
                f"{missing[0]!r}. {_hint(groups)}"
            )
    return parts, warnings


def _most_folds(truth: Sequence[str], groups: Sequence[str] | None) -> dict[str, int]:
    """What limits the number of inner folds, in words -> the limit."""
    rarest, images = min(sorted(Counter(truth).items()), key=lambda one: one[1])
    limits = {f"of {rarest!r} there {_count(images, 'image')} to train on": images}
    if groups is not None:
        limits[f"there {_count(len(set(groups)), 'group')} to train on"] = len(set(groups))
        spread = defaultdict(set)
        for label, group in zip(truth, groups, strict=True):
            spread[label].add(group)
        lone = min(sorted(spread), key=lambda label: len(spread[label]))
        if len(spread[lone]) < 2:
            limits[f"all images of {lone!r} to train on are of one group, {min(spread[lone])!r}"] = 1
    return limits


def _count(number: int, what: str) -> str:
    return f"is 1 {what}" if number == 1 else f"are {number} {what}s"


def _hint(groups: Sequence[str] | None) -> str:
    if groups is None:
        return "Give the class more images, or leave it out."
    return (
        "Take data with more groups, or leave the class out; or let estimator.inner_by name a finer kind of "
        'group, or "none".'
    )
