"""Track numbers of the faces of videos."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.interfaces import Detections
from ferkit.predict.media.frames import Frame


class VideoTracks:
    """Trackers, one for each video."""

    def __init__(self) -> None:
        self._source: object = None

    def follow(self, frame: Frame, found: Detections) -> Sequence[int | None]:
        """Return the track of each face of a frame; None for an image."""
        if frame.number is None or frame.time is None:
            return [None] * len(found.boxes)
        if frame.source is not self._source:
            from ferkit.predict.tracker import Tracker  # imports scipy, which images do not need

            self._source, self._tracker = frame.source, Tracker()
        return self._tracker.follow(found.boxes, frame.image, frame.time, frame.cut)
