"""The kind of file system below a path."""

from __future__ import annotations

from pathlib import Path

import psutil

LOCAL = {
    *("apfs", "bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "hfs", "jfs", "ntfs", "ntfs3"),
    *("overlay", "reiserfs", "tmpfs", "ufs", "vfat", "xfs", "zfs"),
}
"""File systems of one machine, whose locks end with the process that holds them."""


def is_local(path: Path) -> bool:
    """Return True if a path is on a file system of this machine. False if that is unknown.

    Args:
        path: An existing or a new path.
    """
    place = path.absolute().resolve()
    mounts = {Path(one.mountpoint): one.fstype.lower() for one in psutil.disk_partitions(all=True)}
    return next((mounts[one] in LOCAL for one in (place, *place.parents) if one in mounts), False)
