"""Options shared by the heads of this package."""

from __future__ import annotations

from collections.abc import Mapping

from ferkit.plugin import suggest


def choose_stage(in_channels: Mapping[str, int], stage: str) -> str:
    """Return the named stage, or the backbone's deepest stage for "". Raises ValueError."""
    stage = stage or list(in_channels)[-1]
    if stage not in in_channels:
        raise ValueError(f"stage: the backbone has no stage {stage!r}. {suggest(stage, in_channels)}")
    return stage


def check_dropout(dropout: float) -> None:
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout: expected a fraction from 0 up to 1, got {dropout}")
