"""Describe an audit in plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferkit.audit.result import Audit, Crossings, FaceFacts, Groups, Near
from ferkit.messages import UNLIMITED, count_of, number, percent, wrap

SHOWN = 5
"""Maximum number of listed names. The page has more, and the JSON file all."""
WIDTH = 20
"""Width of the first column, in characters."""


def describe(audit: Audit, width: int = UNLIMITED) -> Iterator[str]:
    """Yield the lines of a description.

    Args:
        audit: The audit.
        width: Length at which lines are wrapped. Default: no wrapping.
    """
    for indent, line in _lines(audit):
        yield from wrap(line, width, indent).split("\n")


def _lines(audit: Audit) -> Iterator[tuple[int, str]]:
    """Yield each line with the indent of its continuation."""
    yield 2, f"{audit.name}: {count_of(audit.images, 'image')} of {audit.dataset} in {audit.root}"
    yield 0, ""
    yield from _findings(audit)
    yield 0, ""
    yield from _row("classes", _classes(audit))
    yield from _row("faces", describe_faces(audit.faces))
    yield from _row("unreadable files", number(len(audit.unreadable)))
    yield from _some([f"{one.name}: {one.reason}" for one in audit.unreadable])
    yield from _row("exact duplicates", describe_duplicates(audit))
    yield from _some(
        [
            ", ".join(f"{n} ({label})" for n, label in zip(one.names, one.labels, strict=True))
            for one in audit.duplicates
        ]
    )
    for near in audit.near:
        yield from _row(f"by {near.method}", describe_near(near))
    for groups in audit.groups:
        yield from _row(f"groups: {groups.kind}", describe_group(groups, audit.seeds))
    for kind, count in audit.partial_groups.items():
        yield from _row(f"groups: {kind}", describe_partial(audit, count))
    if not audit.groups and not audit.partial_groups:
        yield from _row("groups", "none given, so leakage between groups is not measured")
    yield from _row("across the split", describe_crossings(audit.crossings))


def _findings(audit: Audit) -> Iterator[tuple[int, str]]:
    if not audit.findings:
        yield 0, "No problems found."
    for one in audit.findings:
        mark = "SERIOUS" if one.fails else "allowed" if one.is_allowed else "note"
        yield 26, f"{mark:<8} {one.name + ':':<16} {one.words}"


def _row(head: str, text: str) -> Iterator[tuple[int, str]]:
    yield WIDTH + 1, f"{head:<{WIDTH}} {text}"


def _some(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    for line in lines[:SHOWN]:
        yield WIDTH + 5, f"{'':<{WIDTH}}   {line}"
    if len(lines) > SHOWN:
        yield WIDTH + 5, f"{'':<{WIDTH}}   and {number(len(lines) - SHOWN)} more (list all: --out FILE.json)"


def _classes(audit: Audit) -> str:
    counts = ", ".join(f"{label} {number(count)}" for label, count in audit.classes.items())
    return f"{counts} (largest / smallest: {audit.imbalance:.1f})"


def describe_faces(faces: FaceFacts) -> str:
    if faces.reason:
        return f"not detected: {faces.reason}"
    total = faces.found + len(faces.not_found)
    return f"found in {number(faces.found)} of {count_of(total, 'image')} by {faces.detector}"


def describe_duplicates(audit: Audit) -> str:
    if not audit.duplicates:
        return "none"
    conflicts = sum(one.is_conflict for one in audit.duplicates)
    several = count_of(len(audit.duplicates), "image")
    return f"{several} in several files, {number(conflicts)} of them with several labels"


def describe_near(near: Near) -> str:
    """Describe the near pairs, the threshold, and the fraction of pairs in the same group."""
    if near.reason:
        return f"not compared: {near.reason}"
    words = f"{count_of(near.pairs, 'near pair')} of {count_of(near.compared, 'image')} ({threshold(near)})"
    if not near.pairs:
        return words
    same = [f"{percent(one)} with the same {kind}" for kind, one in (near.same_group or {}).items()]
    return ", ".join([words, *same, f"{number(near.two_labels)} with two labels"])


def threshold(near: Near) -> str:
    if near.method == "perceptual hash":
        return f"up to {near.threshold:.0f} of 64 bits differ"
    return f"cosine similarity {near.threshold:.2f} or more"


def describe_group(groups: Groups, seeds: int) -> str:
    words = f"{number(groups.groups)}, shared by {count_of(groups.sharing, 'image')}."
    if groups.random_fraction is not None:
        words += (
            f" Random stratified 2-fold: {percent(groups.random_fraction)} of test images have their group "
            f"in training ({count_of(seeds, 'seed')})."
        )
    if groups.protocol_fraction is not None:
        words += f" The recipe's split: {percent(groups.protocol_fraction)}."
    return words


def describe_partial(audit: Audit, count: int) -> str:
    readable = audit.images - len(audit.unreadable)
    return f"not measured, since only {number(count)} of {count_of(readable, 'image')} have one"


def describe_crossings(split: Crossings) -> str:
    if split.problem:
        return f"no split: {split.problem}"
    return (
        f"{count_of(split.test_images, 'test image')} per repeat, {number(split.duplicates)} with an exact "
        f"duplicate in training, {number(split.near_duplicates)} with a near duplicate ({split.protocol})"
    )
