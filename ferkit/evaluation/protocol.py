"""Protocols: the images for training, for selecting the epoch, and for testing."""

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
    NEAR_DUPLICATES,
    UNGROUPED,
    GroupedProtocol,
    HoldoutProtocol,
    NestedProtocol,
    PaperProtocol,
    Protocol,
)
from ferkit.interfaces import Sample
from ferkit.messages import count_of


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One training, with positions of its images. All numbers count from 0.

    Attributes:
        repeat: Number of the repeat.
        index: Number of the fold.
        train: Training images.
        test: Test images.
        validation: Images that select the epoch and the settings, or None.
        candidate: Number of the grid's candidate, or None.
    """

    repeat: int
    index: int
    train: Positions
    test: Positions
    validation: Positions | None = None
    candidate: int | None = None

    @property
    def directory(self) -> str:
        """Name of the folder that all candidates of the fold share."""
        return f"repeat{self.repeat}_fold{self.index}"

    @property
    def name(self) -> str:
        """Name of the folder of this training."""
        return self.directory + ("" if self.candidate is None else f"_candidate{self.candidate}")

    @property
    def monitored(self) -> Positions:
        """Images on which every epoch is evaluated."""
        return self.test if self.validation is None else self.validation


def folds(protocol: Protocol, samples: Sequence[Sample], candidates: int = 0) -> Iterator[Fold]:
    """Yield every training of a protocol.

    Args:
        protocol: The section `[protocol]`.
        samples: The images.
        candidates: Number of candidates of the grid, or 0 without a grid. Each fold is trained once for each.

    Raises:
        DataError: Classes, groups or splits that the protocol needs are missing.
    """
    check_protocol(protocol, samples)
    for repeat in range(protocol.repeats):
        for fold, (train, validation, test) in enumerate(_folds(protocol, samples, repeat)):
            _check_trained(samples, train, [validation, test], f"repeat {repeat + 1}, fold {fold + 1}")
            for candidate in range(candidates) if candidates else (None,):
                yield Fold(repeat, fold, train, test, validation, candidate)


def settle_protocol(protocol: Protocol, samples: Sequence[Sample]) -> Protocol:
    """Return the protocol, with fewer inner folds if it is the default one and the samples allow no more.

    Raises:
        DataError: The default protocol is impossible. The message names a possible one, if any.
    """
    if not isinstance(protocol, NestedProtocol) or {"name", "inner_folds"} & protocol.model_fields_set:
        return protocol
    if protocol.by == NEAR_DUPLICATES:
        return protocol  # the groups are not known yet
    for count in range(protocol.inner_folds, 1, -1):
        tried = protocol.model_copy(update={"inner_folds": count})
        if not (reason := _reason_against(tried, samples)):
            return tried
    options = protocol.model_dump(include={"repeats", "seed", "folds", "new_folds"})
    grouped = GroupedProtocol(name="grouped", **options)
    for other in (grouped, PaperProtocol(**options)):
        if not _reason_against(other, samples):
            raise DataError(
                f"{reason} Or use a protocol without validation images, and its score of the last epoch: "
                f"--set protocol.name={other.name}"
            )
    raise DataError(reason)


def _reason_against(protocol: Protocol, samples: Sequence[Sample]) -> str:
    """Return the reason why the samples have no folds of the protocol, or ""."""
    try:
        list(folds(protocol, samples))
    except DataError as error:
        return str(error)
    return ""


Parts = tuple[Positions, Positions | None, Positions]


def _folds(protocol: Protocol, samples: Sequence[Sample], repeat: int) -> Iterator[Parts]:
    """Yield (train, validation, test) of each fold."""
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
    """Return the group of each sample that the protocol keeps in one split, or None if it has no groups."""
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
    """Divide the training images into (training, validation)."""
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
    """Return the splits that the dataset defines."""
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
    """Check that the samples suit the protocol.

    Raises:
        DataError: There are fewer than two classes, a class has fewer images than folds, or a split is
            missing.
    """
    truth = [sample.label for sample in samples]
    counts = Counter(truth)
    if len(counts) < 2:
        raise DataError(
            f"expected two classes or more, but the data has {', '.join(map(repr, counts)) or 'no class'}"
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
                f"{folds} of each class. Add images, or remove the class from the data."
            )


def _check_trained(
    samples: Sequence[Sample], train: Positions, others: Sequence[Positions | None], where: str
) -> None:
    """Raise DataError if a class of test or validation images is missing in the training images."""
    asked = {samples[position].label for part in others if part is not None for position in part}
    if lacking := sorted(asked - {samples[position].label for position in train}):
        raise DataError(
            f"{where}: no training image has the label {', '.join(lacking)}, but test images do. The images "
            "of this class are in too few groups. Use a finer kind of group (protocol.by) or fewer folds, or "
            "remove the class from the data."
        )


def _check_groups(groups: Sequence[str], folds: int, what: str) -> None:
    if (count := len(set(groups))) < folds:
        raise DataError(
            f"there are {count} groups; {folds} {what} without common groups need at least {folds}. Use a "
            "finer kind of group (protocol.by), or fewer folds."
        )


def _check_given(samples: Sequence[Sample]) -> None:
    """Raise DataError unless training and test images exist and have the same classes."""
    classes = {
        name: {sample.label for sample in samples if sample.split == name} for name in ("train", "test")
    }
    for name, found in classes.items():
        if not found:
            raise DataError(
                f'the protocol "holdout" uses the splits of the dataset, but no image is in its {name} '
                "split. Set the splits (folders: data.splits; a list: its column split), or use another "
                "protocol."
            )
    for one, other in (("train", "test"), ("test", "train")):
        if lacking := sorted(classes[one] - classes[other]):
            raise DataError(
                f"no {other} image has the label {', '.join(lacking)}, but {one} images do. Add images, or "
                "remove the class from the data."
            )
