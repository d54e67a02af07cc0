"""Detections on disk, cached by image hash and detector."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ferkit.interfaces import Detections
from ferkit.runtime.disk_cache import DiskCache


class DetectionCache:
    """The detections of one detector. Unreadable entries are detected again.

    Args:
        detector: Name, options and version of the detector.
        folder: Folder instead of ferkit's cache.
    """

    def __init__(self, detector: str, folder: Path | None = None) -> None:
        self.cache = DiskCache("detections", detector, ".json", folder)

    def get(self, sha256: str) -> Detections | None:
        """Return the detections of the image with that hash, or None."""
        try:
            stored = json.loads(self.cache.get(sha256) or "")
            boxes, scores, landmarks = (
                np.asarray(stored[name], dtype=np.float32) for name in ("boxes", "scores", "landmarks")
            )
            return Detections(boxes.reshape(-1, 4), scores.reshape(-1), landmarks.reshape(-1, 5, 2))
        except (ValueError, KeyError, TypeError):
            return None

    def put(self, sha256: str, found: Detections) -> None:
        entry = {name: getattr(found, name).tolist() for name in ("boxes", "scores", "landmarks")}
        self.cache.put(sha256, json.dumps(entry).encode())
