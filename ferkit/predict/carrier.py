"""Carry the faces of a video from frame to frame between detections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit.interfaces import Detections
from ferkit.predict.media.cuts import Cut
from ferkit.predict.media.frames import Frame
from ferkit.predict.rates import DETECT_EVERY

SIDE = 480
"""Longer side of the grey frames in which faces are carried, in pixels."""
WHOLE = 0.98
"""Least part of each side of a frame that a box of the whole frame covers."""
CHANGE = 8.0
"""Mean absolute difference of consecutive tiny frames above which faces are detected, in grey levels."""
TINY = (32, 18)
"""Width and height of a tiny frame, in pixels."""
GRID = 6
"""Points of a face in each direction."""
INNER = 0.7
"""Part of a box in which the points are, in widths and heights."""
ERROR = 1.0
"""Largest distance of a point that was carried forward and back, in pixels of the grey frame."""
LEAST = 0.5
"""Fraction of a face's points that must be carried."""

FindFaces = Callable[[Sequence[NDArray[np.uint8]]], list[Detections]]
Grey = NDArray[np.uint8]


class FaceCarrier:
    """Find the faces of frames. In a video, detect in every N-th frame and carry the faces in between.

    Points of each face are carried by optical flow (Lucas and Kanade 1981), forward and back. The median of
    their motion moves the box, and the median change of their distances scales it (median flow, Kalal,
    Mikolajczyk and Matas 2010). A frame is detected earlier if the scene changes or a face is lost.

    Args:
        find: Finds the faces of images.
        every: N; 1 detects in every frame.
    """

    def __init__(self, find: FindFaces, every: int = DETECT_EVERY) -> None:
        self._find = find
        self._every = every
        self._source: object = None
        self._count = 0
        self._last: _Seen | None = None

    def __call__(self, frames: Sequence[Frame]) -> list[Detections]:
        """Return the faces of each frame, in order."""
        seen = [_Seen.of(frame) if self._every > 1 and _is_of_video(frame) else None for frame in frames]
        wanted = self._choose(frames, seen)
        answers = self._find([frames[place].image for place in wanted]) if wanted else []
        detected = dict(zip(wanted, answers, strict=True))
        found = []
        for place, (frame, now) in enumerate(zip(frames, seen, strict=True)):
            faces = detected.get(place)
            if faces is None and self._last and now:
                faces = carry(self._last, now)
            found.append(self._find([frame.image])[0] if faces is None else faces)
            if now:
                now.faces = found[-1]
            self._last = now
        return found

    def _choose(self, frames: Sequence[Frame], seen: Sequence[_Seen | None]) -> list[int]:
        """Return the places of the frames to detect in: images, every N-th frame, and changed scenes."""
        wanted, last = [], self._last
        for place, (frame, now) in enumerate(zip(frames, seen, strict=True)):
            is_new = not now or not last or frame.source is not self._source
            is_changed = frame.cut is not Cut.NONE or bool(now and last and last.differs(now))
            self._count = 0 if is_new or is_changed else (self._count + 1) % self._every
            if self._count == 0:
                wanted.append(place)
            self._source, last = frame.source, now
        return wanted


def _is_of_video(frame: Frame) -> bool:
    return frame.number is not None


@dataclass(slots=True, eq=False)
class _Seen:
    """A frame in grey, and its faces in pixels of the frame.

    Attributes:
        grey: (h, w) uint8.
        tiny: (18, 32) float32.
        scale: Pixels of `grey` per pixel of the frame.
        faces: The faces.
    """

    grey: Grey
    tiny: NDArray[np.float32]
    scale: float
    faces: Detections

    @classmethod
    def of(cls, frame: Frame) -> _Seen:
        height, width = frame.image.shape[:2]
        scale = min(1.0, SIDE / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
        tiny = cv2.resize(grey, TINY, interpolation=cv2.INTER_AREA).astype(np.float32)
        return cls(grey, tiny, scale, _no_faces())

    def is_whole(self, box: NDArray[np.float32]) -> bool:
        """Return True if the box covers the frame."""
        height, width = (side / self.scale for side in self.grey.shape)
        covered = min(box[2], width) - max(box[0], 0), min(box[3], height) - max(box[1], 0)
        return bool(covered[0] >= WHOLE * width and covered[1] >= WHOLE * height)

    def differs(self, other: _Seen) -> bool:
        """Return True if the other frame has another size, or changes too much to carry faces."""
        is_changed = float(np.abs(self.tiny - other.tiny).mean()) > CHANGE
        return is_changed or self.grey.shape != other.grey.shape


def carry(before: _Seen, now: _Seen) -> Detections | None:
    """Move the faces of a frame to the next one. None if a face is lost."""
    faces = before.faces
    if not len(faces.boxes):
        return faces
    points = np.concatenate([_grid(box * before.scale) for box in faces.boxes])
    moved, is_moved = _flow(before.grey, now.grey, points)
    back, is_back = _flow(now.grey, before.grey, moved)
    is_good = is_moved & is_back
    is_good &= np.linalg.norm(back - points, axis=1) <= ERROR
    boxes, landmarks = faces.boxes.copy(), faces.landmarks.copy()
    for number, some in enumerate(np.split(np.arange(len(points)), len(boxes))):
        if before.is_whole(boxes[number]):
            continue  # a detector that takes each frame for a face
        kept = some[is_good[some]]
        if len(kept) < LEAST * len(some):
            return None
        shift, scale = _motion(points[kept], moved[kept])
        centre = (boxes[number, :2] + boxes[number, 2:]) / 2
        target = centre + shift / before.scale
        boxes[number] = ((boxes[number].reshape(2, 2) - centre) * scale + target).ravel()
        landmarks[number] = (landmarks[number] - centre) * scale + target
    return Detections(boxes, faces.scores, landmarks)


def _flow(
    before: Grey, now: Grey, points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the points (N, 2) in the next frame, and which of them were found (N,)."""
    moved, is_found, _ = cv2.calcOpticalFlowPyrLK(before, now, points, points.copy())
    return np.asarray(moved, np.float32), np.asarray(is_found)[:, 0] > 0


def _grid(box: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (GRID * GRID, 2) points around the centre of a box."""
    steps = np.linspace(-INNER / 2, INNER / 2, GRID)
    offsets = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    return ((box[:2] + box[2:]) / 2 + offsets * (box[2:] - box[:2])).astype(np.float32)


def _motion(points: NDArray[np.float32], moved: NDArray[np.float32]) -> tuple[NDArray[np.float64], float]:
    """Return the median shift (2,), and the median ratio of the distances between points."""
    first, second = np.triu_indices(len(points), 1)
    before = np.linalg.norm(points[first] - points[second], axis=1)
    after = np.linalg.norm(moved[first] - moved[second], axis=1)
    shift = np.median((moved - points).astype(np.float64), axis=0)
    return shift, float(np.median(after / np.maximum(before, 1e-6)))


def _no_faces() -> Detections:
    return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
