"""Which images belong together: same movie, same clip, same person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ferkit.errors import DataError
from ferkit.interfaces import Sample


def group_kinds(samples: Sequence[Sample]) -> list[str]:
    """The kinds of group that every sample has, from the coarsest (fewest groups) to the finest."""
    shared = set.intersection(*(set(sample.groups) for sample in samples)) if samples else set()
    return sorted(shared, key=lambda kind: (len({sample.groups[kind] for sample in samples}), kind))


def partial_kinds(samples: Sequence[Sample]) -> dict[str, Sample]:
    """Kinds of group that some samples have and others lack, each with one of the latter."""
    seen = set().union(*(sample.groups for sample in samples)) if samples else set()
    lacking = {kind: next((one for one in samples if kind not in one.groups), None) for kind in sorted(seen)}
    return {kind: sample for kind, sample in lacking.items() if sample}


def check_complete(samples: Sequence[Sample]) -> None:
    """Raises DataError where a kind of group is known of some images only: folds would not keep it."""
    for kind, sample in partial_kinds(samples).items():
        raise DataError(
            f"{sample.path} has no {kind}, which other images have, so folds that no {kind} crosses "
            "can't be made. Give it one, or say what to keep together: --set protocol.by=KIND, or "
            'protocol.by="none" (nested, holdout) for nothing'
        )


def group_names(
    samples: Sequence[Sample], by: str | None, merged: Mapping[str, str] | None = None
) -> list[str]:
    """Each sample's group of the kind `by`, or of the coarsest kind there is.

    merged: groups that count as another, e.g. a film's sequels. Raises DataError where a sample has none.
    """
    kinds = group_kinds(samples)
    if by is None:
        check_complete(samples)
        if not kinds:
            raise DataError(
                "the data set gives no groups, so folds that no group crosses can't be made. Give it groups "
                '(folders: data.group_pattern), or take another protocol: --set protocol.name="paper"'
            )
        by = kinds[0]
    for sample in samples:
        if by not in sample.groups:
            known = ", ".join(kinds) or "none that all images have"
            raise DataError(f"{sample.path} has no group of the kind {by!r}; kinds that there are: {known}")
    names = [sample.groups[by] for sample in samples]
    return [merged.get(name, name) for name in names] if merged else names


def coarsest_groups(samples: Sequence[Sample]) -> list[str] | None:
    """Each sample's group of the coarsest kind, None where there is no kind that all samples have."""
    return group_names(samples, None) if group_kinds(samples) else None
