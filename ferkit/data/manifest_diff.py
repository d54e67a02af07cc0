"""Differences between a manifest and the images on disk."""

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
    "moved": "in another split",
    "unreadable": "unreadable",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """The differences between a manifest and data, as sorted names of images.

    Text in brackets after a name describes the difference. Groups are not compared.

    Attributes:
        missing: In the manifest only.
        extra: In the data only.
        changed: The content of the file differs.
        relabelled: The label differs, or the same content has another label in the manifest.
        renamed: The manifest has the same content under another name.
        moved: The split differs, if both sides name splits.
        unreadable: The file exists but cannot be read.
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
        """Summarise the differences: counts, and the first few names."""
        return "; ".join(
            f"{len(names)} {WORDS[kind]} ({count_some(names)})" for kind, names in self._kinds() if names
        )

    def lines(self) -> list[str]:
        """List all differences, one line for each name and kind."""
        return [f"{kind}: {printable(name)}" for kind, names in self._kinds() for name in names]

    def _kinds(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for field in fields(self):
            yield field.name, getattr(self, field.name)


def compare(manifest: Sequence[Entry], data: Sequence[Entry]) -> Difference:
    """Compare a manifest with data. A sha256 of "" marks an unreadable file."""
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
    """Map new names to listed names with the same content. Each name is used once."""
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
        else:  # by content: two folders with the same file names may be swapped
            expected = labels.get(one.sha256, {one.label})
        if one.label not in expected:
            found.append(f"{one.name} (listed as {' and '.join(sorted(expected))}, here {one.label})")
    return tuple(found)
