"""The file that a stopped training goes on from: whole or not there, and read as tensors only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ferkit.plugin import RunError, atomic_path


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Raises RunError where it can't be written; what was there before is unharmed."""
    try:
        with atomic_path(path) as part:
            torch.save(dict(state), part)
    except (OSError, RuntimeError) as error:
        raise RunError(
            f"can't write {path}: {error}. What was there before is unharmed: make room, then go on with "
            "--resume."
        ) from error


def load_state(path: Path) -> dict[str, Any] | None:
    """The state, or None where there is none. Raises RunError where the file is broken."""
    if not path.exists():
        return None
    try:
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise TypeError(f"it holds a {type(state).__name__}, not a dictionary")
    except Exception as error:  # whatever unpickling a broken file raises
        raise RunError(
            f"{path} is broken ({type(error).__name__}). Delete it, and --resume begins this fold anew."
        ) from error
    return state
