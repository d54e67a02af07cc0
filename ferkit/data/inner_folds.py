"""Inner folds of the training faces, for an estimator that chooses its own settings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ferkit.errors import DataError
from ferkit.interfaces import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNGROUPED = "none"
AS_TESTED = "test"


def inner_groups(
    samples: Sequence[Sample], by: str | None, tested: Sequence[Sample] = ()
) -> list[str] | None:
    """Return each sample's group of the kind `by`, or None if no groups are to be kept together.

    Without `by`, the kind is the coarsest one that all samples have. "none" means no groups. "test" means the
    coarsest kind of which training and tested images have no group in common: movies if the protocol keeps
    movies apart, no groups if it keeps nothing apart. Without tested images, "test" means the same as None.

    Args:
        samples: The training images.
        by: The estimator's option `inner_by`.
        tested: The tested images. Only their groups are read.

    Raises:
        DataError: A sample lacks the kind.
    """
    kinds = _common_kinds(samples)
    if by == AS_TESTED:
        kinds = _kinds_apart(samples, tested) if tested else kinds
        by = None
    if by == UNGROUPED or (by is None and not kinds):
        return None
    kind = by or min(kinds, key=lambda one: (len({sample.groups[one] for sample in samples}), one))
    for sample in samples:
        if kind not in sample.groups:
            known = ", ".join(sorted(kinds)) or "none"
            raise DataError(
                f"estimator.inner_by: {sample.path} has no group of the kind {kind!r}. All images have: "
                f'{known}. Set inner_by to one of these, to "test" or to "none".'
            )
    return [sample.groups[kind] for sample in samples]


def _common_kinds(samples: Sequence[Sample]) -> set[str]:
    return set.intersection(*(set(sample.groups) for sample in samples))


def _kinds_apart(samples: Sequence[Sample], tested: Sequence[Sample]) -> set[str]:
    """Return the kinds that all images have, and of which no group is on both sides."""
    return {
        kind
        for kind in _common_kinds([*samples, *tested])
        if {one.groups[kind] for one in samples}.isdisjoint(one.groups[kind] for one in tested)
    }


def make_inner_folds(
    truth: Sequence[str], groups: Sequence[str] | None, folds: int, seed: int, chosen: str
) -> tuple[list[tuple[NDArray[np.intp], NDArray[np.intp]]], list[str]]:
    """Return (train, test) positions of each inner fold, stratified by class, and warnings.

    There are fewer folds if the rarest class has fewer images, or if there are fewer groups. A warning says
    so.

    Args:
        truth: The label of each training image.
        groups: The group of each training image, from `inner_groups`. None keeps nothing together.
        folds: Number of folds, at least 2.
        seed: Seed of the folds.
        chosen: The settings that are chosen on the folds, for messages: "C and gamma".

    Raises:
        DataError: Two folds are impossible, or a fold would leave no training image of a class.
    """
    import numpy as np
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    problem, most = min(_most_folds(truth, groups).items(), key=lambda one: one[1])
    if most < 2:
        raise DataError(f"Cannot choose {chosen} on inner folds: {problem}. {_hint(groups)}")
    warnings = []
    if most < folds:
        warnings = [f"{chosen} were chosen on {most} inner folds, not {folds}: {problem}"]
        folds = most
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = kind(folds, shuffle=True, random_state=seed % 2**32)
    parts = list(splitter.split(np.zeros(len(truth)), truth, groups))
    for train, _ in parts:
        if missing := sorted(set(truth) - {truth[place] for place in train}):
            raise DataError(
                f"Cannot choose {chosen} on inner folds: one of the {folds} has every image of "
                f"{missing[0]!r}. {_hint(groups)}"
            )
    return parts, warnings


def _most_folds(truth: Sequence[str], groups: Sequence[str] | None) -> dict[str, int]:
    """Return the limits of the number of inner folds, by their reasons."""
    rarest, images = min(sorted(Counter(truth).items()), key=lambda one: one[1])
    limits = {f"{rarest!r} has {_count(images, 'training image')}": images}
    if groups is not None:
        limits[f"the training images have {_count(len(set(groups)), 'group')}"] = len(set(groups))
        spread = defaultdict(set)
        for label, group in zip(truth, groups, strict=True):
            spread[label].add(group)
        lone = min(sorted(spread), key=lambda label: len(spread[label]))
        if len(spread[lone]) < 2:
            limits[f"all training images of {lone!r} are in one group, {min(spread[lone])!r}"] = 1
    return limits


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def _hint(groups: Sequence[str] | None) -> str:
    if groups is None:
        return "Add images of this class, or remove the class."
    return (
        "Use data with more groups, remove the class, or set estimator.inner_by to a finer kind of group "
        'or to "none".'
    )
