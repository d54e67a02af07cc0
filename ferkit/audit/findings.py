"""Derive findings from an audit, and decide which of them are serious."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from ferkit.errors import RunError
from ferkit.messages import count_of, number, percent, suggest

if TYPE_CHECKING:
    from ferkit.audit.result import Audit, Finding

NAMES = {
    "unreadable": "files that cannot be read",
    "conflicts": "images with two labels",
    "duplicates": "exact duplicates in both training and test; without a recipe, any exact duplicates",
    "groups": "groups in both training and test",
    "near_duplicates": "near duplicates in both training and test; never serious",
    "protocol": "the recipe's split cannot be made",
}
"""Names for `--allow`, with their meaning."""


def check_allowed(allowed: Collection[str]) -> frozenset[str]:
    """Return the names as a set. Raises RunError at an unknown name."""
    if unknown := sorted(set(allowed) - set(NAMES)):
        raise RunError(f"Cannot allow {unknown[0]!r}: no such finding. {suggest(unknown[0], NAMES)}")
    return frozenset(allowed)


def judge(audit: Audit, allowed: Collection[str]) -> tuple[Finding, ...]:
    """Return the findings, serious ones first."""
    from ferkit.audit.result import Finding

    found = [
        Finding(name, words, name != "near_duplicates", name in allowed) for name, words in _problems(audit)
    ]
    return tuple(sorted(found, key=lambda one: not one.fails))


def _problems(audit: Audit) -> Iterator[tuple[str, str]]:
    if count := len(audit.unreadable):
        yield "unreadable", f"{count_of(count, 'file')} cannot be read"
    if count := sum(one.is_conflict for one in audit.duplicates):
        yield "conflicts", f"{count_of(count, 'image')} with two or more labels"
    yield from _duplicates(audit)
    split = audit.crossings
    if audit.is_recipe:
        for one in audit.groups:
            if one.protocol_fraction:
                yield (
                    "groups",
                    f"{percent(one.protocol_fraction)} of the test images have an image of the same "
                    f"{one.kind} in training ({split.protocol})",
                )
        if split.problem:
            yield "protocol", f"the recipe's split cannot be made: {split.problem}"
    if split.near_duplicates:
        yield (
            "near_duplicates",
            f"{number(split.near_duplicates)} of {count_of(split.test_images, 'test image')} have a near "
            f"duplicate in training ({split.protocol})",
        )


def _duplicates(audit: Audit) -> Iterator[tuple[str, str]]:
    split = audit.crossings
    if audit.is_recipe and split.duplicates:
        yield (
            "duplicates",
            f"{number(split.duplicates)} of {count_of(split.test_images, 'test image')} have an exact "
            f"duplicate in training ({split.protocol})",
        )
    elif not audit.is_recipe and audit.spare_duplicates:
        yield (
            "duplicates",
            f"{count_of(audit.spare_duplicates, 'file')} could be removed: exact duplicates of others",
        )
