"""Manifests: lists of names, labels, groups and hashes, which show that two datasets are the same."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ferkit.components.build import build
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.data.crops import CropResult
from ferkit.data.images import image_sha256
from ferkit.data.listing import COLUMNS, Entry, read_listing
from ferkit.data.manifest_diff import compare
from ferkit.data.options import ManifestOptions
from ferkit.errors import DataError
from ferkit.interfaces import Sample
from ferkit.messages import count_some, quote
from ferkit.runtime.escape import csv_row
from ferkit.runtime.shipped import find_shipped


def list_entries(
    samples: Sequence[Sample], hashes: Sequence[str] | None = None, root: Path | None = None
) -> list[Entry]:
    """List images as entries of a manifest.

    Args:
        samples: The images.
        hashes: Hashes of the files, if they are known.
        root: Names are relative to this folder if it contains all images, else to the deepest common folder.

    Raises:
        DataError: A file is unreadable or listed twice, or the images have no common folder.
    """
    if not samples:
        return []
    # Absolute and without "..", but links are not resolved: a name is what the dataset calls a file.
    paths = [Path(os.path.abspath(sample.path)) for sample in samples]
    folder = _shared_folder(paths, root)
    names = [path.relative_to(folder).as_posix() for path in paths]
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise DataError(f"the dataset lists {count_some(twice)} more than once. List each image once.")
    known = hashes if hashes is not None else [image_sha256(sample.path) for sample in samples]
    return [
        Entry(name, sample.label, sample.split, dict(sorted(sample.groups.items())), sha256)
        for name, sample, sha256 in zip(names, samples, known, strict=True)
    ]


def _shared_folder(paths: Sequence[Path], root: Path | None) -> Path:
    if root is not None:
        folder = Path(os.path.abspath(root))
        if all(path.is_relative_to(folder) for path in paths):
            return folder
    folder = Path(os.path.commonpath([path.parent for path in paths]))
    if folder == Path(folder.anchor):
        raise DataError(
            f"{paths[0]} and {next((one for one in paths if one.parts[1] != paths[0].parts[1]), paths[-1])} "
            "have no common folder, so the manifest would contain absolute paths. Put the images, or links "
            "to their folders, in one folder."
        )
    return folder


def format_manifest(entries: Sequence[Entry]) -> str:
    """Format entries as CSV, sorted by name."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sorted(entries, key=lambda one: one.name):
        groups = json.dumps(dict(one.groups), ensure_ascii=False) if one.groups else ""
        writer.writerow(csv_row([one.name, one.label, one.split, groups, one.sha256]))
    return buffer.getvalue()


def read_manifest(source: str) -> list[Entry]:
    """Read a manifest from a file, or one of ferkit by its name. Raises DataError if it is invalid."""
    path = find_shipped(source, "manifests", "manifest")
    entries = read_listing(path)
    if lacking := [one.name for one in entries if not re.fullmatch("[0-9a-f]{64}", one.sha256)]:
        raise DataError(
            f"{path} has no sha256 (64 digits of 0-9 and a-f) for {count_some(lacking)}. Create it again: "
            "ferkit data manifest TARGET --out FILE"
        )
    return entries


def list_readable(
    samples: Sequence[Sample], known: Mapping[Path, str] | None = None, root: Path | None = None
) -> list[Entry]:
    """List images as `list_entries` does, with a sha256 of "" for unreadable files.

    Args:
        samples: The images.
        known: Path to known hash. These files are not read again.
        root: As for `list_entries`.
    """
    found = known or {}
    hashes = [found.get(sample.path) or _hash_if_readable(sample.path) for sample in samples]
    return list_entries(samples, hashes, root)


def _hash_if_readable(path: Path) -> str:
    try:
        return image_sha256(path)
    except DataError:
        return ""


def data_root(dataset: Any) -> Path | None:
    """Return the optional attribute `root` of a dataset."""
    root = getattr(dataset, "root", None)
    return root if isinstance(root, Path) else None


def compare_manifest(
    manifest: ManifestOptions, data: Part, registry: Registry, crops: CropResult
) -> str | None:
    """Describe how the images of a run differ from the recipe's manifest. None if they do not.

    Skipped images are reported as skipped, not as missing.

    Raises:
        DataError: Images differ, and the recipe has `differs = "refuse"`. Skipped images do not count.
    """
    file = manifest.file
    root = data_root(build(registry, "dataset", data))
    samples = [*(face.sample for face in crops.faces), *(sample for sample, _ in crops.skipped)]
    known = {face.sample.path: face.sha256 for face in crops.faces}
    entries = list_readable(samples, known, root)
    difference = compare(read_manifest(file), entries)
    words = f"the images differ from the manifest {file}: {difference}"
    if difference and manifest.differs == "refuse":
        shows = f"ferkit data verify RECIPE {quote(file)}"
        raise DataError(
            f'{words}. Restore them ({shows} shows all), or continue with --set manifest.differs="warn".'
        )
    if not crops.skipped:
        return words if difference else None
    names = [one.name for one in entries[len(crops.faces) :]]
    skipped = f"{len(names)} skipped ({count_some(names)})"
    return f"{words}; {skipped}" if difference else f"not all images of the manifest {file}: {skipped}"
