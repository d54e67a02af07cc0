"""Track faces through the frames of a video."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

OVERLAP = 0.3
"""Minimum intersection over union of two boxes of the same face."""
LIKENESS = 0.9
"""Minimum correlation of thumbnails of the same face, for boxes that overlap less."""
REACH = 2.0
"""Maximum distance that a face may move between frames, in box widths."""
PATIENCE = 1.0
"""Time after which an unseen face is dropped, in seconds."""
FRAMES = 5
"""Minimum number of frames before an unseen face is dropped."""
SIDE = 16
"""Side of a thumbnail, in pixels."""


@dataclass(slots=True)
class _Track:
    number: int
    box: NDArray[np.float32]
    thumbnail: NDArray[np.float32]
    time: float
    frame: int


class Tracker:
    """Number the faces of one video: the same face keeps its number from frame to frame.

    Boxes are matched by overlap first, jointly for all faces of a frame (Kuhn's Hungarian method). The others
    are matched by the similarity of nearby thumbnails. A face that is unseen for a second gets a new number.
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._count = 0
        self._frame = 0

    def follow(self, boxes: NDArray[np.float32], image: NDArray[np.uint8], time: float) -> list[int]:
        """Return the number of each face, from 1.

        Args:
            boxes: (N, 4), x0 y0 x1 y1 in pixels.
            image: (H, W, 3) uint8 RGB.
            time: Time of the frame, in seconds.
        """
        self._frame += 1
        self._tracks = [one for one in self._tracks if self._is_awaited(one, time)]
        thumbnails = [_thumbnail(image, box) for box in boxes]
        found: dict[int, _Track] = {}
        for measure, least in ((self._overlaps, OVERLAP), (self._likenesses, LIKENESS)):
            faces = [face for face in range(len(boxes)) if face not in found]
            taken = {id(one) for one in found.values()}
            tracks = [one for one in self._tracks if id(one) not in taken]
            if not faces or not tracks:
                break
            fit = measure(tracks, boxes[faces], [thumbnails[face] for face in faces])
            # Pairs below the threshold must not affect the assignment.
            fit = np.where(fit >= least, fit, 0)
            for row, column in zip(*linear_sum_assignment(-fit), strict=True):
                if fit[row, column]:
                    found[faces[row]] = tracks[column]
        return [self._update(found.get(i), boxes[i], thumbnails[i], time) for i in range(len(boxes))]

    def _is_awaited(self, track: _Track, time: float) -> bool:
        return time - track.time <= PATIENCE or self._frame - track.frame <= FRAMES

    def _update(
        self, track: _Track | None, box: NDArray[np.float32], thumbnail: NDArray[np.float32], time: float
    ) -> int:
        if track is None:
            self._count += 1
            track = _Track(self._count, box, thumbnail, time, self._frame)
            self._tracks.append(track)
        track.box, track.thumbnail, track.time, track.frame = box, thumbnail, time, self._frame
        return track.number

    @staticmethod
    def _overlaps(
        tracks: list[_Track], boxes: NDArray[np.float32], thumbnails: list[NDArray[np.float32]]
    ) -> NDArray[np.float64]:
        return overlaps(boxes, np.stack([one.box for one in tracks]))

    @staticmethod
    def _likenesses(
        tracks: list[_Track], boxes: NDArray[np.float32], thumbnails: list[NDArray[np.float32]]
    ) -> NDArray[np.float64]:
        """Return (faces, tracks) correlations; -1 if the boxes are too far apart or differ in size."""
        found = np.full((len(boxes), len(tracks)), -1.0)
        for row, (box, thumbnail) in enumerate(zip(boxes, thumbnails, strict=True)):
            for column, track in enumerate(tracks):
                if _is_near(box, track.box):
                    found[row, column] = float((thumbnail * track.thumbnail).mean())
        return found


def overlaps(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Compute the intersection over union, 0..1: (N, 4), (M, 4) -> (N, M)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2, dtype=np.float64)
    area_one, area_other = ((b[:, 2:] - b[:, :2]).prod(axis=1, dtype=np.float64) for b in (one, other))
    whole = area_one[:, None] + area_other[None] - shared
    divided: NDArray[np.float64] = shared / np.maximum(whole, 1e-9)
    return divided


def _is_near(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    widths = max(one[2] - one[0], 1.0), max(other[2] - other[0], 1.0)
    centres = (one[:2] + one[2:]) / 2, (other[:2] + other[2:]) / 2
    distance = float(np.linalg.norm(centres[0] - centres[1]))
    return bool(distance <= REACH * max(widths) and max(widths) <= 2 * min(widths))


def _thumbnail(image: NDArray[np.uint8], box: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a (SIDE, SIDE) thumbnail with mean 0 and standard deviation 1.

    The mean of the product of two thumbnails is their correlation.
    """
    from ferkit.data.crops import crop_box

    grey = cv2.cvtColor(np.ascontiguousarray(crop_box(image, box, 0.0)), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    deviation = float(small.std())
    flat: NDArray[np.float32] = (small - small.mean()) / (deviation or 1.0)
    return flat
