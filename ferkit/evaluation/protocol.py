"""Which images train, which choose the epoch, which test. Knows nothing of networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ferkit.data.groups import group_names
from ferkit.data.split_file import read_split
from ferkit.data.splits import Positions, grouped_folds, stratified_folds
from ferkit.errors import DataError
from ferkit.evaluation.protocol_options import (
    UNGROUPED,
    GroupedProtocol,
    HoldoutProtocol,
    NestedProtocol,
    Protocol,
)
from ferkit.interfaces import Sample
from ferkit.messages import count_of


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One training: positions of its training, validation and test images.

    validation: those that choose the epoch and the settings, None where no images are set aside for that.
    candidate: which of the grid's settings is trained. All count from 0.
    """

    repeat: int
    index: int
    train: Positions
    test: Positions
    validation: Positions | None = None
    candidate: int | None = None

    @property
    def directory(self) -> str:
        """What all candidates of one fold share."""
        return f"repeat{self.repeat}_fold{self.index}"

    @property
    def name(self) -> str:
        return self.directory + ("" if self.candidate is None else f"_candidate{self.candidate}")

    @property
    def monitored(self) -> Positions:
        """The images that every epoch is evaluated on."""
        return self.test if self.validation is None else self.validation


def folds(protocol: Protocol, samples: Sequence[Sample], candidates: int = 0) -> Iterator[Fold]:
    """Every training that the protocol asks for; of each fold, one for each of the grid's candidates.

    Raises DataError where the samples lack the classes, groups or given splits that it takes.
    """
    check_protocol(protocol, samples)
    for repeat in range(protocol.repeats):
        for fold, (train, validation, test) in enumerate(_folds(protocol, samples, repeat)):
            _check_trained(samples, train, [validation, test], f"repeat {repeat + 1}, fold {fold + 1}")
            for candidate in range(candidates) if candidates else (None,):
                yield Fold(repeat, fold, train, test, validation, candidate)


Parts = tuple[Positions, Positions | None, Positions]


def _folds(protocol: Protocol, samples: Sequence[Sample], repeat: int) -> Iterator[Parts]:
    """(train, validation, test) of each fold."""
    if isinstance(protocol, HoldoutProtocol):
        yield _given_parts(protocol, samples, repeat)
        return
    everything = np.arange(len(samples))
    for test in _test_folds(protocol, samples, protocol.seed + (repeat if protocol.new_folds else 0)):
        train = np.setdiff1d(everything, test)
        if isinstance(protocol, NestedProtocol):
            yield (*_inner(protocol, samples, train, repeat), test)
        else:
            yield train, None, test


def _test_folds(protocol: Protocol, samples: Sequence[Sample], seed: int) -> list[Positions]:
    assert not isinstance(protocol, HoldoutProtocol)
    truth = [sample.label for sample in samples]
    if isinstance(protocol, GroupedProtocol | NestedProtocol):
        if protocol.split is not None:
            return read_split(protocol.split).positions(samples)
        if groups := protocol_groups(protocol, samples):
            _check_groups(groups, protocol.folds, "folds")
            return grouped_folds(truth, groups, protocol.folds, seed)
    return stratified_folds(truth, protocol.folds, seed)


def protocol_groups(protocol: Protocol, samples: Sequence[Sample]) -> list[str] | None:
    """Each sample's group, of the kind that the protocol keeps on one side; None where it keeps none."""
    by = getattr(protocol, "by", None)
    if split := getattr(protocol, "split", None):
        listed = read_split(split)
        return group_names(samples, listed.by, listed.merged)
    if by == UNGROUPED or protocol.name == "paper":
        return None
    if by is None and protocol.name != "grouped" and not any(sample.groups for sample in samples):
        return None
    return group_names(samples, by)


def _inner(
    protocol: NestedProtocol | HoldoutProtocol, samples: Sequence[Sample], train: Positions, repeat: int
) -> tuple[Positions, Positions]:
    """The training images in two: those that train, and those that choose."""
    inside = [samples[position] for position in train]
    truth = [sample.label for sample in inside]
    seed = protocol.seed + repeat
    _check_counts(truth, protocol.inner_folds, "parts of the training images, one of which validates")
    if groups := protocol_groups(protocol, inside):
        _check_groups(groups, protocol.inner_folds, "parts of the training images")
        chosen = grouped_folds(truth, groups, protocol.inner_folds, seed)[0]
    else:
        chosen = stratified_folds(truth, protocol.inner_folds, seed)[0]
    return np.delete(train, chosen), train[chosen]


def _given_parts(protocol: HoldoutProtocol, samples: Sequence[Sample], repeat: int) -> Parts:
    """The data set's own."""
    train, validation, test = (
        np.array([place for place, sample in enumerate(samples) if sample.split == name], dtype=np.intp)
        for name in ("train", "validation", "test")
    )
    if len(validation):
        return train, validation, test
    if protocol.validation == "inner":
        return (*_inner(protocol, samples, train, repeat), test)
    return train, None, test


def check_protocol(protocol: Protocol, samples: Sequence[Sample]) -> None:
    """Raises DataError where there are fewer than two classes, fewer images of one than folds, or, for given
    parts, where one of them lacks."""
    truth = [sample.label for sample in samples]
    counts = Counter(truth)
    if len(counts) < 2:
        raise DataError(
            f"the data has {', '.join(map(repr, counts)) or 'no class'}; there must be two classes or more"
        )
    if isinstance(protocol, HoldoutProtocol):
        _check_given(samples)
    else:
        _check_counts(truth, protocol.folds, "stratified folds" if protocol.name == "paper" else "folds")


def _check_counts(truth: Sequence[str], folds: int, what: str) -> None:
    for label, count in sorted(Counter(truth).items()):
        if count < folds:
            raise DataError(
                f"class {label!r} has {count_of(count, 'image')}; {folds} {what} need at least "
                f"{folds} of each class. Add images, or leave the class out of the data."
            )


def _check_trained(
    samples: Sequence[Sample], train: Positions, others: Sequence[Positions | None], where: str
) -> None:
    """Raises DataError where a class is asked for that the training images lack."""
    asked = {samples[position].label for part in others if part is not None for position in part}
    if lacking := sorted(asked - {samples[position].label for position in train}):
        raise DataError(
            f"{where}: no training image is of the class {', '.join(lacking)}, which is tested: its images "
            "are of too few groups to be on both sides. Take a finer kind of group (protocol.by), fewer "
            "folds, or leave the class out of the data."
        )


def _check_groups(groups: Sequence[str], folds: int, what: str) -> None:
    if (count := len(set(groups))) < folds:
        raise DataError(
            f"there are {count} groups; {folds} {what} that no group crosses need at least {folds}. Take a "
            "finer kind of group (protocol.by), or fewer folds."
        )


def _check_given(samples: Sequence[Sample]) -> None:
    """Both sides must be there, with the same classes."""
    classes = {
        name: {sample.label for sample in samples if sample.split == name} for name in ("train", "test")
    }
    for name, found in classes.items():
        if not found:
            raise DataError(
                f'the protocol "holdout" takes the data set\'s own parts, and no image is of its {name} '
                "part. Give them (folders: data.splits; a list: its column split), or take another one."
            )
    for one, other in (("train", "test"), ("test", "train")):
        if lacking := sorted(classes[one] - classes[other]):
            raise DataError(
                f"no {other} image is of the class {', '.join(lacking)}, which {one} images are of"
            )
