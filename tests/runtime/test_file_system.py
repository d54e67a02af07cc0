"""Kinds of file systems, by a list of mounts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ferkit.runtime import file_system
from ferkit.runtime.file_system import is_local


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ({"/": "ext4"}, True),
        ({"/": "overlay", "{path}": "nfs4"}, False),
        ({"/": "nfs4", "{path}": "XFS"}, True),
        ({"/": "fuse.sshfs"}, False),
        ({"{path}-other": "ext4"}, False),
        ({}, False),
    ],
)
def test_the_nearest_mount_says_whether_a_new_path_is_local(
    mounts: dict[str, str], expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path.resolve())
    found = [
        SimpleNamespace(mountpoint=at.replace("{path}", place), fstype=kind) for at, kind in mounts.items()
    ]
    monkeypatch.setattr(file_system.psutil, "disk_partitions", lambda **_: found)
    assert is_local(tmp_path / "new" / "folder") is expected
