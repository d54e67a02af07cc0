"""Measure leakage: groups, exact duplicates and near duplicates in both training and test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferkit.audit.near_duplicates import Pairs, copy_numbers
from ferkit.audit.read import Images
from ferkit.audit.result import Crossings, Groups
from ferkit.data.groups import group_kinds
from ferkit.errors import DataError
from ferkit.evaluation.leakage import crossing
from ferkit.evaluation.protocol import Fold, folds, settle_protocol
from ferkit.evaluation.protocol_options import PaperProtocol, Protocol
from ferkit.evaluation.protocol_text import describe_protocol
from ferkit.interfaces import Sample

SEEDS = 50
"""Number of random splits. The mean leakage then varies by less than 1% between audits."""


def random_protocol(seeds: int) -> PaperProtocol:
    """Return a random stratified 2-fold protocol with new folds for each seed."""
    return PaperProtocol(folds=2, repeats=seeds, seed=0, new_folds=True)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Folds of a protocol over the images at the positions `used`; none if `problem` is set."""

    protocol: Protocol
    used: NDArray[np.intp]
    folds: list[Fold]
    problem: str


def make_split(protocol: Protocol, samples: Sequence[Sample], used: NDArray[np.intp]) -> Split:
    """Split the samples. If the protocol cannot, its error becomes `problem`."""
    try:
        inside = [samples[place] for place in used]
        protocol = settle_protocol(protocol, inside)
        return Split(protocol, used, list(folds(protocol, inside)), "")
    except DataError as error:
        return Split(protocol, used, [], str(error))


def describe_groups(samples: Sequence[Sample], random: Split, own: Split | None) -> tuple[Groups, ...]:
    """Describe each kind of group that all samples have. `own` is the recipe's split, if audited."""
    found = []
    for kind in group_kinds(samples):
        sizes = Counter(sample.groups[kind] for sample in samples)
        found.append(
            Groups(
                kind,
                len(sizes),
                sum(size for size in sizes.values() if size > 1),
                _fraction(random, samples, kind),
                _fraction(own, samples, kind) if own else None,
            )
        )
    return tuple(found)


def _fraction(split: Split, samples: Sequence[Sample], kind: str) -> float | None:
    kept = [samples[place] for place in split.used]
    return crossing(split.folds, kept, kind) if split.folds else None


def partial_groups(samples: Sequence[Sample]) -> dict[str, int]:
    """Return the kinds of group that only some samples have, with their number."""
    counts = Counter(kind for sample in samples for kind in sample.groups)
    return {kind: count for kind, count in sorted(counts.items()) if count < len(samples)}


def find_crossings(split: Split, images: Images, near: Sequence[Pairs]) -> Crossings:
    """Count the test images with a duplicate in training. `near` has the near pairs of each method."""
    words = describe_protocol(split.protocol.model_dump())
    if not split.folds:
        return Crossings(words, problem=split.problem)
    used, made = split.used, split.folds
    repeats = len({fold.repeat for fold in made})
    numbers = copy_numbers(images.sha256)[used]
    first, second = _ends(near, used, len(images.samples))
    duplicates = near_duplicates = tested = 0
    for fold in made:
        seen = np.zeros(len(used), dtype=np.bool_)
        seen[fold.train] = True
        if fold.validation is not None:
            seen[fold.validation] = True
        is_tested = np.zeros_like(seen)
        is_tested[fold.test] = True
        tested += len(fold.test)
        duplicates += int(np.isin(numbers[fold.test], numbers[seen]).sum())
        near_duplicates += len(np.unique(first[is_tested[first] & seen[second]]))
    return Crossings(words, tested / repeats, duplicates / repeats, near_duplicates / repeats)


def _ends(
    near: Sequence[Pairs], used: NDArray[np.intp], total: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return each pair in both orders, as positions among the used images."""
    place = np.full(total, -1, dtype=np.intp)
    place[used] = np.arange(len(used))
    first = place[np.concatenate([end for one in near for end in (one.first, one.second)])]
    second = place[np.concatenate([end for one in near for end in (one.second, one.first)])]
    is_used = (first >= 0) & (second >= 0)
    return first[is_used], second[is_used]
