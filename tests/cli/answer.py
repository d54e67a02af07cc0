"""What came of a command that was typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Ferkit = Callable[..., "Answer"]


@dataclass(frozen=True)
class Answer:
    returncode: int
    stdout: str
    stderr: str
