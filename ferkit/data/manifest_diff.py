"""What differs between a list of images and those that are there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from ferkit.data.listing import Entry
from ferkit.messages import count_some, printable

WORDS = {
    "missing": "missing",
    "extra": "not in the manifest",
    "changed": "of another content",
    "relabelled": "with another label",
    "renamed": "under another name",
    "moved": "in another part",
    "unreadable": "unreadable",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Names, sorted, by what is the matter with them.

    missing: only the manifest has them; extra: only the data; changed: the picture is another; relabelled:
    the label is another, or the picture is listed under another label only; renamed: the picture is listed
    under another name only; moved: from training to test images, say, where both sides name parts;
    unreadable: listed and there, but the file can't be read. What stands in brackets after a name is how the
    two differ. Groups don't count: they are no part of the images.
    """

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    relabelled: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(names for _, names in self._kinds())

    def __str__(self) -> str:
        """Short however much differs: counts, and the first few names."""
        return "; ".join(
            f"{len(names)} {WORDS[kind]} ({count_some(names)})" for kind, names in self._kinds() if names
        )

    def lines(self) -> list[str]:
        """All of it, a line for each name and kind."""
        return [f"{kind}: {printable(name)}" for kind, names in self._kinds() for name in names]

    def _kinds(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for field in fields(self):
            yield field.name, getattr(self, field.name)


def compare(manifest: Sequence[Entry], data: Sequence[Entry]) -> Difference:
    """What differs between the list and what is there; a sha256 of "" is that of an unreadable file."""
    listed = {one.name: one for one in manifest}
    there = {one.name: one for one in data}
    missing = sorted(listed.keys() - there.keys())
    extra = sorted(there.keys() - listed.keys())
    both = [(listed[name], there[name]) for name in sorted(listed.keys() & there.keys())]
    renamed = _pair([listed[name] for name in missing], [there[name] for name in extra])
    former = set(renamed.values())
    return Difference(
        missing=tuple(name for name in missing if name not in former),
        extra=tuple(name for name in extra if name not in renamed),
        changed=tuple(new.name for old, new in both if new.sha256 not in (old.sha256, "")),
        relabelled=_relabelled(listed, data),
        renamed=tuple(f"{new} (listed as {old})" for new, old in renamed.items()),
        moved=tuple(
            f"{new.name} (listed as {old.split}, here {new.split})"
            for old, new in [*both, *((listed[old], there[new]) for new, old in renamed.items())]
            if old.split and new.split and old.split != new.split
        ),
        unreadable=tuple(new.name for _, new in both if not new.sha256),
    )


def _pair(missing: Sequence[Entry], extra: Sequence[Entry]) -> dict[str, str]:
    """New name -> listed name, of the same content; each name once, where copies share theirs."""
    waiting: dict[str, list[str]] = defaultdict(list)
    for one in reversed(missing):
        waiting[one.sha256].append(one.name)
    return {one.name: waiting[one.sha256].pop() for one in extra if waiting.get(one.sha256)}


def _relabelled(listed: dict[str, Entry], data: Sequence[Entry]) -> tuple[str, ...]:
    labels: dict[str, set[str]] = defaultdict(set)
    for one in listed.values():
        labels[one.sha256].add(one.label)
    found = []
    for one in sorted(data, key=lambda one: one.name):
        same = listed.get(one.name)
        if same and (same.sha256 == one.sha256 or one.sha256 not in labels):
            expected = {same.label}
        else:  # by the picture: two folders may have changed places, with the same names in both
            expected = labels.get(one.sha256, {one.label})
        if one.label not in expected:
            found.append(f"{one.name} (listed as {' and '.join(sorted(expected))}, here {one.label})")
    return tuple(found)
