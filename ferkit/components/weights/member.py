"""Files in tar archives that come from elsewhere."""

from __future__ import annotations

import tarfile
from typing import IO

LARGEST = 16 << 30
"""Bytes of a file of weights. Vision transformers with a billion parameters have 4 GB."""


def open_member(archive: tarfile.TarFile, name: str, most: int = LARGEST) -> IO[bytes] | None:
    """Open a plain file of an archive.

    Args:
        archive: The archive.
        name: Name of the member.
        most: Largest size, in bytes.

    Returns:
        None for a missing member, a link, a folder, a device, a sparse file, and a file above the size.
    """
    try:
        member = archive.getmember(name)
    except KeyError:
        return None
    is_plain = member.isreg() and not member.issparse() and member.size <= most
    return archive.extractfile(member) if is_plain else None
