"""Folders for cached files."""

from __future__ import annotations

import os
from pathlib import Path


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def weights_dir() -> Path:
    """Return torch's folder for checkpoints, shared with torch and facenet-pytorch."""
    home = os.environ.get("TORCH_HOME")
    return (Path(home).expanduser() if home else _user_cache() / "torch") / "checkpoints"


def cache_dir(subject: str) -> Path:
    """Return ferkit's cache folder for a subject. The folder may not exist yet.

    Args:
        subject: Name of the folder, such as "detections".
    """
    return _user_cache() / "ferkit" / subject
