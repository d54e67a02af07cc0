"""A data set as a list of names, labels, groups and hashes: do two people hold the same images?"""

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
    """What a manifest says of images.

    hashes: of the samples' files, where they are known already; root: the folder that names are below, if
    all images are below it (else the deepest one that they share). Raises DataError at an unreadable
    file, at one that is there twice, and where images share no folder.
    """
    if not samples:
        return []
    # Without ".." and relative to nothing, but through links: a name is what the data set calls a file.
    paths = [Path(os.path.abspath(sample.path)) for sample in samples]
    folder = _shared_folder(paths, root)
    names = [path.relative_to(folder).as_posix() for path in paths]
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise DataError(f"the data set lists {count_some(twice)} more than once; each image counts once")
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
            "are below no folder that both are in, so a list of them would name folders of this machine "
            "alone. Put the images (or links to their folders) below one folder."
        )
    return folder


def format_manifest(entries: Sequence[Entry]) -> str:
    """CSV, sorted by name."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sorted(entries, key=lambda one: one.name):
        groups = json.dumps(dict(one.groups), ensure_ascii=False) if one.groups else ""
        writer.writerow(csv_row([one.name, one.label, one.split, groups, one.sha256]))
    return buffer.getvalue()


def read_manifest(source: str) -> list[Entry]:
    """source: a file, or the name of a manifest that ferkit ships. Raises DataError where it is none."""
    path = find_shipped(source, "manifests", "manifest")
    entries = read_listing(path)
    if lacking := [one.name for one in entries if not re.fullmatch("[0-9a-f]{64}", one.sha256)]:
        raise DataError(
            f"{path} has no sha256 (64 digits of 0-9 and a-f) for {count_some(lacking)}. Make it anew: "
            "ferkit data manifest TARGET --out FILE"
        )
    return entries


def list_readable(
    samples: Sequence[Sample], known: Mapping[Path, str] | None = None, root: Path | None = None
) -> list[Entry]:
    """Like `list_entries`, but a file that can't be read has a sha256 of "", and stops nothing.

    known: path -> sha256, of those whose files need not be read again.
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
    """The folder that a data set's names are below, where it says so by an attribute `root`."""
    root = getattr(dataset, "root", None)
    return root if isinstance(root, Path) else None


def compare_manifest(
    manifest: ManifestOptions, data: Part, registry: Registry, crops: CropResult
) -> str | None:
    """How a run's images differ from those of the recipe's manifest; None where they don't.

    Images that the run skipped are told as such, and are not missing: they may be those of the manifest.
    Raises DataError where images differ, not only were skipped, and the recipe says "refuse".
    """
    file = manifest.file
    root = data_root(build(registry, "dataset", data))
    samples = [*(face.sample for face in crops.faces), *(sample for sample, _ in crops.skipped)]
    known = {face.sample.path: face.sha256 for face in crops.faces}
    entries = list_readable(samples, known, root)
    difference = compare(read_manifest(file), entries)
    words = f"the images are not those of the manifest {file}: {difference}"
    if difference and manifest.differs == "refuse":
        shows = f"ferkit data verify RECIPE {quote(file)}"
        raise DataError(f'{words}. Restore them ({shows} shows all), or go on: --set manifest.differs="warn"')
    if not crops.skipped:
        return words if difference else None
    names = [one.name for one in entries[len(crops.faces) :]]
    skipped = f"{len(names)} skipped ({count_some(names)})"
    return f"{words}; {skipped}" if difference else f"not all images of the manifest {file}: {skipped}"
