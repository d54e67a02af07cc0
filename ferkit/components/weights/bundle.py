"""Archives of pretrained weights, for machines without a network."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ferkit.components.weights.catalogue import catalogue
from ferkit.components.weights.entry import Weights
from ferkit.components.weights.fetch import BLOCK, cached_path, ensure
from ferkit.components.weights.first_use import check_first_use, record_sha256, recorded_sha256
from ferkit.components.weights.member import open_member
from ferkit.errors import WeightsError
from ferkit.messages import list_some, shorten
from ferkit.runtime.atomic_write import atomic_path
from ferkit.runtime.disk_cache import file_sha256

FORMAT = "ferkit weights bundle 1"
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 20
"""Bytes."""


def write_bundle(entries: Sequence[Weights], file: Path) -> None:
    """Write verified files of weights and a manifest with their hashes.

    Missing files are downloaded first.

    Raises:
        WeightsError: Files are not available (all are named), or the archive cannot be written. Then no
            archive is left.
    """
    paths, problems = [], []
    for entry in entries:
        try:
            paths.append(ensure(entry))
        except WeightsError as error:
            problems.append(str(error))
    if problems:
        raise WeightsError("\n".join([*problems, f"{file} was not written"]))
    try:
        with atomic_path(file) as part, tarfile.open(part, "w") as archive:
            _add(archive, entries, paths)
    except OSError as error:
        raise WeightsError(
            f"{file} can't be written: {error.strerror or error}. Give another --out, or free some space"
        ) from error


def _add(archive: tarfile.TarFile, entries: Sequence[Weights], paths: Sequence[Path]) -> None:
    listed = [
        {
            "name": entry.name,
            "file": entry.filename,
            "sha256": file_sha256(path),
            "bytes": path.stat().st_size,
            "licence": entry.licence,
            "trained_on": entry.trained_on,
        }
        for entry, path in zip(entries, paths, strict=True)
    ]
    text = json.dumps({"format": FORMAT, "files": listed}, indent=2).encode()
    described = tarfile.TarInfo(MANIFEST)
    described.size = len(text)
    archive.addfile(described, io.BytesIO(text))
    for entry, path in zip(entries, paths, strict=True):
        member = tarfile.TarInfo(entry.filename)
        member.size = path.stat().st_size
        with path.open("rb") as opened:
            archive.addfile(member, opened)


def read_bundle(file: Path, is_trusted: bool = False) -> dict[str, Path]:
    """Put a bundle's files into the cache, and return name -> file.

    is_trusted: also take weights whose makers publish no hash, and record the bundle's hash for them.

    Files get the names of the catalogue, so the archive cannot write elsewhere. An existing file with the
    same content is kept.

    Raises:
        WeightsError: The bundle differs from its manifest or from the catalogue. Then no file is written.
    """
    if not os.path.isfile(file):
        raise WeightsError(f"there is no file {file}. Make it where there is a network: {MAKE}")
    try:
        with ExitStack() as stack, tarfile.open(file, "r:") as archive:
            listed = _read_manifest(file, archive)
            entries = [_match(file, one, is_trusted) for one in listed]
            for one, entry in zip(listed, entries, strict=True):
                path = cached_path(entry)
                if os.path.exists(path):
                    _check_present(path, one)
                else:
                    _extract(file, archive, one, stack.enter_context(atomic_path(path)))
    except tarfile.TarError as error:
        raise WeightsError(f"{file} is no whole archive: {error}. {AGAIN}") from error
    except OSError as error:
        raise WeightsError(f"{file} can't be read, or the cache not written: {error}") from error
    for one, entry in zip(listed, entries, strict=True):
        if is_trusted:
            record_sha256(entry, one.sha256)
    return {entry.name: cached_path(entry) for entry in entries}


class _File(BaseModel):
    """One file of the manifest."""

    model_config = ConfigDict(frozen=True, strict=True)

    name: str = Field(max_length=200)
    file: str = Field(max_length=200)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class _Manifest(BaseModel):
    """The list of a bundle's files."""

    model_config = ConfigDict(strict=True)

    format: str
    files: list[_File] = Field(max_length=1000)


MAKE = "ferkit weights bundle NAME --out FILE.tar"
AGAIN = f"Copy it again, or make it again: {MAKE}"


def _read_manifest(file: Path, archive: tarfile.TarFile) -> list[_File]:
    """Read and check the list of the bundle's files. Raises WeightsError."""
    try:
        opened = open_member(archive, MANIFEST, LARGEST_MANIFEST)
        if opened is None:
            raise KeyError(MANIFEST)
        found = _Manifest.model_validate_json(opened.read())
    except (KeyError, ValidationError) as error:
        raise WeightsError(f"{file} is no bundle of weights: it has no {MANIFEST} of one. {AGAIN}") from error
    if found.format != FORMAT:
        raise WeightsError(
            f"{file} is {shorten(found.format)!r}; this ferkit reads {FORMAT!r}. Make it with this version"
        )
    if not found.files:
        raise WeightsError(f"{file} holds no weights. {AGAIN}")
    names = {MANIFEST, *(one.file for one in found.files)}
    if others := sorted(one.name for one in archive.getmembers() if one.name not in names):
        raise WeightsError(
            f"{file} holds {shorten(others[0])!r}, which its manifest does not list; nothing was taken"
        )
    return found.files


def _match(file: Path, one: _File, is_trusted: bool) -> Weights:
    """Find the entry of the catalogue for a file. Raises WeightsError."""
    known = {entry.name: entry for entry in catalogue()}
    entry = known.get(one.name)
    if entry is None:
        raise WeightsError(
            f"{file} holds the weights {shorten(one.name)!r}, which no installed plugin knows; there is "
            f"{list_some([*known])}. Install the plugin that offers them, here too"
        )
    if one.file != entry.filename:
        raise WeightsError(
            f"{file} says that the weights {entry.name!r} are the file {shorten(one.file)!r}; expected "
            f"{entry.filename!r}. Nothing was taken"
        )
    if entry.sha256 and one.sha256 != entry.sha256:
        raise WeightsError(
            f"{file} holds another file than the weights {entry.name!r}: sha256 {one.sha256}; expected "
            f"{entry.sha256}. Nothing was taken"
        )
    check_first_use(entry, cached_path(entry), one.sha256)
    if not entry.sha256 and not is_trusted and not _is_known(entry, one.sha256):
        raise WeightsError(
            f"Cannot take {entry.name!r} from {file}: its makers publish no hash, and none is recorded here, "
            "so it may be any file. Nothing was taken. If you know it: ferkit weights unbundle --trust"
        )
    return entry


def _is_known(entry: Weights, sha256: str) -> bool:
    """Return true if the file was used here before, or is in the cache with the same content."""
    path = cached_path(entry)
    return recorded_sha256(entry) == sha256 or (os.path.exists(path) and file_sha256(path) == sha256)


def _check_present(path: Path, one: _File) -> None:
    if (actual := file_sha256(path)) != one.sha256:
        raise WeightsError(
            f"{path} exists and is another file: sha256 {actual}; that of the bundle is "
            f"{one.sha256}. Move it away, then read the bundle again"
        )


def _extract(file: Path, archive: tarfile.TarFile, one: _File, part: Path) -> None:
    """Write one file. Raises WeightsError if its content differs from the manifest."""
    opened = open_member(archive, one.file)
    if opened is None:
        raise WeightsError(f"{file} lists {one.file} but does not hold it as a plain file. {AGAIN}")
    digest, size = hashlib.sha256(), 0
    with part.open("wb") as target:
        while size <= one.bytes and (block := opened.read(BLOCK)):
            digest.update(block)
            size += len(block)
            target.write(block)
    if (digest.hexdigest(), size) != (one.sha256, one.bytes):
        raise WeightsError(
            f"{one.file} in {file} is damaged: expected {one.bytes} bytes of sha256 {one.sha256}, "
            f"got {size} of {digest.hexdigest()}. {AGAIN}"
        )
