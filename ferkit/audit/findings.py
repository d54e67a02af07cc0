"""Which of the facts are problems, and whether the command is to fail for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ferkit.audit.result import Audit, Finding
from ferkit.errors import RunError
from ferkit.messages import count_of, number, percent

NAMES = {
    "unreadable": "files that can't be read",
    "conflicts": "an image under two labels",
    "duplicates": "exact duplicates: on both sides of the recipe's split, or, without a recipe, any",
    "groups": "a group on both sides of the recipe's split",
    "near_duplicates": "nearly the same image on both sides of the split; told, never serious",
    "protocol": "the recipe's split can't be made of these images",
}
"""What `--allow` takes."""


def check_allowed(allowed: Collection[str]) -> frozenset[str]:
    """Raises RunError at a name that is no finding's."""
    if unknown := sorted(set(allowed) - set(NAMES)):
        raise RunError(f"no finding is called {unknown[0]!r}; there are {', '.join(NAMES)}")
    return frozenset(allowed)


def judge(audit: Audit, allowed: Collection[str]) -> tuple[Finding, ...]:
    """The problems, serious ones first."""
    found = [
        Finding(name, words, name != "near_duplicates", name in allowed) for name, words in _problems(audit)
    ]
    return tuple(sorted(found, key=lambda one: not one.fails))


def _problems(audit: Audit) -> Iterator[tuple[str, str]]:
    if count := len(audit.unreadable):
        yield "unreadable", f"{count_of(count, 'file')} can't be read"
    if count := sum(one.is_conflict for one in audit.duplicates):
        yield "conflicts", f"{count_of(count, 'image')} under two labels or more"
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
            yield "protocol", f"the recipe's split can't be made: {split.problem}"
    if split.near_duplicates:
        yield (
            "near_duplicates",
            f"{count_of(split.near_duplicates, 'test image')} of {number(split.test_images)} with nearly "
            f"the same image in training ({split.protocol})",
        )


def _duplicates(audit: Audit) -> Iterator[tuple[str, str]]:
    split = audit.crossings
    if audit.is_recipe and split.duplicates:
        yield (
            "duplicates",
            f"{count_of(split.duplicates, 'test image')} with an exact duplicate in training "
            f"({split.protocol})",
        )
    elif not audit.is_recipe and audit.spare_duplicates:
        yield (
            "duplicates",
            f"{count_of(audit.spare_duplicates, 'image')} more than there are images: exact duplicates",
        )
