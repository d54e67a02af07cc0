"""Hashes of files, and results cached on disk by hash."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from ferkit.runtime.atomic_write import atomic_path
from ferkit.runtime.cache_dirs import cache_dir

log = logging.getLogger(__name__)


def file_sha256(path: Path) -> str:
    """Return the hash of a file. Raises OSError if it is unreadable."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class DiskCache:
    """A cache of bytes by sha256. If its folder is not writable, it warns once and stores nothing.

    Args:
        subject: Kind of the results in the plural, such as "detections". It names the folder.
        maker: Everything except the content that changes the results: component, options and version.
        suffix: Suffix of the files.
        folder: Folder instead of ferkit's cache.
    """

    def __init__(self, subject: str, maker: str, suffix: str, folder: Path | None = None) -> None:
        self.subject = subject
        self.folder = (folder or cache_dir(subject)) / hashlib.sha256(maker.encode()).hexdigest()[:16]
        self.suffix = suffix
        self.is_writable = True

    def get(self, sha256: str) -> bytes | None:
        try:
            return self._file(sha256).read_bytes()
        except OSError:
            return None

    def put(self, sha256: str, content: bytes) -> None:
        if not self.is_writable:
            return
        try:
            with atomic_path(self._file(sha256)) as part:
                part.write_bytes(content)
        except OSError as error:
            self.is_writable = False
            log.warning("%s can't be cached in %s: %s", self.subject, self.folder, error)

    def _file(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / f"{sha256}{self.suffix}"
