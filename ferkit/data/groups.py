"""Groups of images: the same movie, clip or person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ferkit.errors import DataError
from ferkit.interfaces import Sample


def group_kinds(samples: Sequence[Sample]) -> list[str]:
    """List the kinds of group that all samples have, from the coarsest (fewest groups) to the finest."""
    shared = set.intersection(*(set(sample.groups) for sample in samples)) if samples else set()
    return sorted(shared, key=lambda kind: (len({sample.groups[kind] for sample in samples}), kind))


def partial_kinds(samples: Sequence[Sample]) -> dict[str, Sample]:
    """Map each kind of group that only some samples have to a sample without it."""
    seen = set().union(*(sample.groups for sample in samples)) if samples else set()
    lacking = {kind: next((one for one in samples if kind not in one.groups), None) for kind in sorted(seen)}
    return {kind: sample for kind, sample in lacking.items() if sample}


def check_complete(samples: Sequence[Sample]) -> None:
    """Raise DataError if only some samples have a kind of group."""
    for kind, sample in partial_kinds(samples).items():
        raise DataError(
            f"Cannot split by {kind}: {sample.path} has no {kind}, but other images do. Add it, or select "
            'another group with --set protocol.by=KIND, or none with protocol.by="none" (nested, holdout).'
        )


def group_names(
    samples: Sequence[Sample], by: str | None, merged: Mapping[str, str] | None = None
) -> list[str]:
    """Return the group of each sample.

    Args:
        samples: The images.
        by: Kind of group. None selects the coarsest kind.
        merged: Group to the group that it belongs to, such as the sequels of a film.

    Raises:
        DataError: A sample has no group of this kind.
    """
    kinds = group_kinds(samples)
    if by is None:
        check_complete(samples)
        if not kinds:
            raise DataError(
                "Cannot split by group: the dataset has no groups. Add groups (for folders: "
                'data.group_pattern), or use another protocol: --set protocol.name="paper"'
            )
        by = kinds[0]
    for sample in samples:
        if by not in sample.groups:
            known = ", ".join(kinds) or "none that all images have"
            raise DataError(f"{sample.path} has no group of kind {by!r}. Available kinds: {known}")
    names = [sample.groups[by] for sample in samples]
    return [merged.get(name, name) for name in names] if merged else names


def coarsest_groups(samples: Sequence[Sample]) -> list[str] | None:
    """Return the coarsest group of each sample, or None if no kind covers all samples."""
    return group_names(samples, None) if group_kinds(samples) else None
