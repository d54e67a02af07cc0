"""The frames of a video in which faces are detected."""

from __future__ import annotations

DETECT_EVERY = 3
"""Faces are detected in every N-th processed frame, and carried in between (docs/decisions/0091)."""
