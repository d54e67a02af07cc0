"""An audit as plain lines for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferkit.audit.result import Audit, Crossings, FaceFacts, Groups, Near
from ferkit.messages import count_of, number, percent

SHOWN = 5
"""Names of a kind; the page and the JSON file have the others."""
WIDTH = 20


def describe(audit: Audit) -> Iterator[str]:
    """Line by line, without colours."""
    yield f"{audit.name}: {count_of(audit.images, 'image')} of {audit.dataset} in {audit.root}"
    yield ""
    yield from _findings(audit)
    yield ""
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
        yield from _row("groups", "the data set tells none, so that leaks between them can't be seen")
    yield from _row("across the split", describe_crossings(audit.crossings))


def _findings(audit: Audit) -> Iterator[str]:
    if not audit.findings:
        yield "Nothing to find problem with."
    for one in audit.findings:
        mark = "SERIOUS" if one.fails else "allowed" if one.is_allowed else "note"
        yield f"{mark:<8} {one.name + ':':<12}{one.words}"


def _row(head: str, text: str) -> Iterator[str]:
    yield f"{head:<{WIDTH}} {text}"


def _some(lines: Sequence[str]) -> Iterator[str]:
    for line in lines[:SHOWN]:
        yield f"{'':<{WIDTH}}   {line}"
    if len(lines) > SHOWN:
        yield f"{'':<{WIDTH}}   and {number(len(lines) - SHOWN)} more (all of them: --out FILE.html)"


def _classes(audit: Audit) -> str:
    counts = ", ".join(f"{label} {number(count)}" for label, count in audit.classes.items())
    return f"{counts}; the largest is {audit.imbalance:.1f} times the smallest"


def describe_faces(faces: FaceFacts) -> str:
    if faces.reason:
        return f"not looked for: {faces.reason}"
    total = faces.found + len(faces.not_found)
    return f"found in {number(faces.found)} of {count_of(total, 'image')} by {faces.detector}"


def describe_duplicates(audit: Audit) -> str:
    if not audit.duplicates:
        return "none"
    conflicts = sum(one.is_conflict for one in audit.duplicates)
    several = count_of(len(audit.duplicates), "image")
    return f"{several} in more than one file, {number(conflicts)} of them under two labels or more"


def describe_near(near: Near) -> str:
    """The pairs, at which threshold, and how many of them the groups confirm."""
    if near.reason:
        return f"not compared: {near.reason}"
    words = f"{count_of(near.pairs, 'near pair')} of {count_of(near.compared, 'image')} ({threshold(near)})"
    if not near.pairs:
        return words
    shares = [f"{percent(share)} of one {kind}" for kind, share in (near.same_group or {}).items()]
    return "; ".join([words, *shares, f"{number(near.two_labels)} under two labels"])


def threshold(near: Near) -> str:
    if near.method == "perceptual hash":
        return f"{near.threshold:.0f} of 64 bits differ at most"
    return f"cosine {near.threshold:.2f} or more"


def describe_group(groups: Groups, seeds: int) -> str:
    words = f"{number(groups.groups)}; {count_of(groups.sharing, 'image')} share one"
    if groups.random_fraction is not None:
        words += (
            f"; random stratified 2-fold: {percent(groups.random_fraction)} of test images have one of "
            f"theirs in training ({count_of(seeds, 'seed')})"
        )
    if groups.protocol_fraction is not None:
        words += f"; the recipe's split: {percent(groups.protocol_fraction)}"
    return words


def describe_partial(audit: Audit, count: int) -> str:
    readable = audit.images - len(audit.unreadable)
    return f"only {number(count)} of {count_of(readable, 'image')} have one, so it is not judged"


def describe_crossings(split: Crossings) -> str:
    if split.problem:
        return f"there is no split: {split.problem}"
    return (
        f"of {count_of(split.test_images, 'test image')} of a repeat, {number(split.duplicates)} have an "
        f"exact duplicate in training and {number(split.near_duplicates)} a near duplicate ({split.protocol})"
    )
