"""The file with the state of a stopped training. It is written atomically and read as tensors only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ferkit.plugin import RunError, atomic_path


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write the state. If this fails, the previous file is unchanged. Raises RunError."""
    try:
        with atomic_path(path) as part:
            torch.save(dict(state), part)
    except (OSError, RuntimeError) as error:
        raise RunError(
            f"Cannot write {path}: {error}. The previous state is unchanged. Free disk space, then run with "
            "--resume."
        ) from error


def load_state(path: Path) -> dict[str, Any] | None:
    """Return the state, or None if there is no file. Raises RunError for a broken file."""
    if not path.exists():
        return None
    try:
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise TypeError(f"it holds a {type(state).__name__}, not a dictionary")
    except Exception as error:  # unpickling a broken file can raise anything
        raise RunError(
            f"Cannot read {path}: it is broken ({type(error).__name__}). Delete it to restart this fold "
            "with --resume."
        ) from error
    return state
