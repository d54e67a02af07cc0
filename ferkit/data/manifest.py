"""A data set as a list of names, labels, groups and hashes: do two people hold the same images?"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ferkit.data.listing import COLUMNS, read_listing
from ferkit.errors import DataError
from ferkit.images import image_sha256
from ferkit.interfaces import Face, Sample
from ferkit.recipe import Recipe
from ferkit.shipped import find_shipped

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """name: the path below the data set's folder, with forward slashes; groups: as JSON."""

    name: str
    label: str
    split: str
    groups: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Names that only the manifest has, or only the data; and those with another picture or label."""

    missing: tuple[str, ...]
    extra: tuple[str, ...]
    changed: tuple[str, ...]
    relabelled: tuple[str, ...]

    def __bool__(self) -> bool:
        return any((self.missing, self.extra, self.changed, self.relabelled))

    def __str__(self) -> str:
        parts = [
            (self.missing, "missing"),
            (self.extra, "not in the manifest"),
            (self.changed, "of another content"),
            (self.relabelled, "with another label"),
        ]
        return "; ".join(f"{len(names)} {words} ({_some(names)})" for names, words in parts if names)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def list_entries(samples: Sequence[Sample], hashes: Sequence[str] | None = None) -> list[Entry]:
    """hashes: of the samples' files, where they are known already. Raises DataError at an unreadable file."""
    if not samples:
        return []
    root = Path(os.path.commonpath([sample.path.absolute().parent for sample in samples]))
    known = hashes or [image_sha256(sample.path) for sample in samples]
    return [
        Entry(
            sample.path.absolute().relative_to(root).as_posix(),
            sample.label,
            sample.split,
            json.dumps(dict(sorted(sample.groups.items())), ensure_ascii=False),
            sha256,
        )
        for sample, sha256 in zip(samples, known, strict=True)
    ]


def format_manifest(entries: Sequence[Entry]) -> str:
    """CSV, sorted by name."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sorted(entries, key=lambda one: one.name):
        writer.writerow([one.name, one.label, one.split, one.groups, one.sha256])
    return buffer.getvalue()


def read_manifest(source: str) -> list[Entry]:
    """source: a file, or the name of a manifest that ferkit ships. Raises DataError where it is none."""
    path = find_shipped(source, "manifests", "manifest")
    rows = read_listing(path)
    if lacking := next((row for row in rows if not row["sha256"]), None):
        raise DataError(f"{path}: {lacking['path']} has no sha256. Make it anew: ferkit data manifest")
    return [Entry(*(row[name] for name in COLUMNS)) for row in rows]


def compare(manifest: Sequence[Entry], data: Sequence[Entry]) -> Difference:
    """What differs between the list and what is there, by name."""
    listed = {one.name: one for one in manifest}
    there = {one.name: one for one in data}
    both = sorted(listed.keys() & there.keys())
    return Difference(
        missing=tuple(sorted(listed.keys() - there.keys())),
        extra=tuple(sorted(there.keys() - listed.keys())),
        changed=tuple(name for name in both if listed[name].sha256 != there[name].sha256),
        relabelled=tuple(name for name in both if listed[name].label != there[name].label),
    )


def compare_manifest(recipe: Recipe, faces: Sequence[Face]) -> str | None:
    """How a run's photographs differ from those of the recipe's manifest; None where they don't.

    Raises DataError where they do and the recipe says "refuse".
    """
    if not recipe.manifest:
        return None
    found = list_entries([face.sample for face in faces], [face.sha256 for face in faces])
    difference = compare(read_manifest(recipe.manifest.file), found)
    if not difference:
        return None
    words = f"the photographs are not those of the manifest {recipe.manifest.file}: {difference}"
    if recipe.manifest.differs == "refuse":
        raise DataError(
            f'{words}. Restore them (ferkit data verify shows all), or go on: --set manifest.differs="warn"'
        )
    return words
