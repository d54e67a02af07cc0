"""Where ferkit keeps what can be made or fetched again."""

from __future__ import annotations

import os
from pathlib import Path


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def weights_dir() -> Path:
    """torch's own folder for checkpoints, so that a file torch or facenet-pytorch fetched is found."""
    home = os.environ.get("TORCH_HOME")
    return (Path(home).expanduser() if home else _user_cache() / "torch") / "checkpoints"


def cache_dir(subject: str) -> Path:
    """ferkit's own folder for a subject: detections, drawn faces."""
    return _user_cache() / "ferkit" / subject
