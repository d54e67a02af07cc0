"""Detections on disk, by the image's content and whatever decided them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from pathlib import Path

import numpy as np

from ferkit.interfaces import Detections
from ferkit.runtime.cache_dirs import cache_dir

log = logging.getLogger(__name__)


class DetectionCache:
    """Detections made by one detector with its options.

    detector: names it, its options and its version. A cache that can't be written is gone without, and said
    once; an entry that can't be read is made again.
    """

    def __init__(self, detector: str, folder: Path | None = None) -> None:
        key = hashlib.sha256(detector.encode()).hexdigest()
        self.folder = (folder or cache_dir("detections")) / key[:16]
        self.is_writable = True

    def get(self, sha256: str) -> Detections | None:
        """What was detected in the image with that hash, or None."""
        try:
            stored = json.loads(self._file(sha256).read_text(encoding="utf-8"))
            boxes, scores, landmarks = (
                np.asarray(stored[name], dtype=np.float32) for name in ("boxes", "scores", "landmarks")
            )
            return Detections(boxes.reshape(-1, 4), scores.reshape(-1), landmarks.reshape(-1, 5, 2))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, sha256: str, found: Detections) -> None:
        if not self.is_writable:
            return
        file = self._file(sha256)
        part = file.with_name(f"{file.name}.{os.getpid()}.part")
        entry = {name: getattr(found, name).tolist() for name in ("boxes", "scores", "landmarks")}
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(entry), encoding="utf-8")
            os.replace(part, file)
        except OSError as error:
            self.is_writable = False
            log.warning("detections can't be kept in %s: %s", self.folder, error)

    def _file(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / f"{sha256}.json"
