"""Trust on first use: the hash of weights whose makers publish none.

The hash is recorded once a network has taken the tensors. From then on, another file of that name is refused.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ferkit.components.weights.entry import Weights
from ferkit.errors import WeightsError
from ferkit.runtime.atomic_write import write_text
from ferkit.runtime.cache_dirs import cache_dir
from ferkit.runtime.disk_cache import file_sha256

HASH = re.compile(r"[0-9a-f]{64}")


def record_file(entry: Weights) -> Path:
    """Return the path of the record for an entry, whether or not it exists."""
    readable = re.sub(r"[^\w.-]", "_", entry.name)[:100]
    digest = hashlib.sha256(f"{entry.name}\n{entry.filename}".encode()).hexdigest()[:16]
    return cache_dir("weights") / f"{readable}-{digest}.sha256"


def recorded_sha256(entry: Weights) -> str | None:
    """Read the hash of the file that was used first; None if there is none, or a published one."""
    if entry.sha256:
        return None
    try:
        found = record_file(entry).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    return found if HASH.fullmatch(found) else None


def record_sha256(entry: Weights, sha256: str) -> None:
    """Record a hash that the user vouches for. Raises RunError if the cache cannot be written."""
    if not entry.sha256:
        write_text(record_file(entry), f"{sha256}\n")


def accept_weights(entry: Weights, path: Path) -> None:
    """Record the hash of weights that a network has taken, if none is published or recorded yet.

    Args:
        entry: What `load_weights` returned.
        path: The file that `load_weights` returned.
    """
    if not entry.sha256 and not recorded_sha256(entry):
        record_sha256(entry, file_sha256(path))


def check_first_use(entry: Weights, path: Path, sha256: str) -> None:
    """Compare a file with the one that was used first. Raises WeightsError if it is another."""
    known = recorded_sha256(entry)
    if known and known != sha256:
        raise WeightsError(
            f"Cannot use {path}: it is not the file that was first used for {entry.name!r}. Expected sha256 "
            f"{known}, got {sha256}. Restore the file. If this one is right, delete {record_file(entry)}."
        )
