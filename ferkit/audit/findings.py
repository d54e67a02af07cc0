"""Which of the facts are problems, and whether the command is to fail for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ferkit.audit.result import Audit, Finding
from ferkit.errors import RunError
from ferkit.messages import count_of, number, percent

NAMES = {
    "unreadable": "files that can't be read",
    "conflicts": "an image under two labels",
    "copies": "exact copies: on both sides of the recipe's split, or, without a recipe, any",
    "groups": "a group on both sides of the recipe's split",
    "twins": "nearly the same image on both sides of the split; told, never serious",
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
    found = [Finding(name, words, name != "twins", name in allowed) for name, words in _problems(audit)]
    return tuple(sorted(found, key=lambda one: not one.fails))


def _problems(audit: Audit) -> Iterator[tuple[str, str]]:
    if count := len(audit.unreadable):
        yield "unreadable", f"{count_of(count, 'file')} can't be read"
    if count := sum(one.is_conflict for one in audit.copies):
        yield "conflicts", f"{count_of(count, 'image')} under two labels or more"
    yield from _copies(audit)
    split = audit.crossings
    if audit.is_recipe:
        for one in audit.groups:
            if one.protocol_share:
                yield (
                    "groups",
                    f"{percent(one.protocol_share)} of the test images have an image of the same "
                    f"{one.kind} in training ({split.protocol})",
                )
        if split.problem:
            yield "protocol", f"the recipe's split can't be made: {split.problem}"
    if split.twins:
        yield (
            "twins",
            f"{count_of(split.twins, 'test image')} of {number(split.test_images)} with nearly the same "
            f"image in training ({split.protocol})",
        )


def _copies(audit: Audit) -> Iterator[tuple[str, str]]:
    split = audit.crossings
    if audit.is_recipe and split.copies:
        yield (
            "copies",
            f"{count_of(split.copies, 'test image')} with an exact copy in training ({split.protocol})",
        )
    elif not audit.is_recipe and audit.spare_copies:
        yield (
            "copies",
            f"{count_of(audit.spare_copies, 'image')} more than there are images: exact copies",
        )
