"""Track faces through the frames of a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ferkit.predict.media.cuts import Cut

OVERLAP = 0.3
"""Minimum intersection over union of two boxes of the same face."""
LIKENESS = 0.88
"""Minimum correlation of thumbnails of the same face, for boxes that overlap less, or at a possible cut.

On portraits of 40 people of the London set, 1% of the pairs of two people exceed it. 95% of the pairs of a
neutral and a smiling face of one person exceed 0.87.
"""
INERTIA = 0.5
"""Weight of the earlier velocity of a face against that of its last step."""
REACH = 2.0
"""Maximum distance that a face may move between frames, in box widths."""
PATIENCE = 1.0
"""Time after which an unseen face is dropped, in seconds."""
FRAMES = 5
"""Minimum number of frames before an unseen face is dropped."""
SIDE, SHIFT = 20, 2
"""Side of a thumbnail, and largest shift between compared thumbnails, in pixels."""
MARGIN = 0.2
"""Margin of a thumbnail on each side of the box, in widths and heights of the box."""


@dataclass(slots=True, eq=False)
class Face:
    """A face of a frame.

    Attributes:
        box: (4,), in pixels.
        thumbnail: (SIDE, SIDE) uint8; None without contrast.
    """

    box: NDArray[np.float32]
    thumbnail: NDArray[np.uint8] | None


@dataclass(slots=True, eq=False)
class _Track(Face):
    """The last face of a track.

    Attributes:
        number: Number of the track, from 1.
        time: Time of the face, in seconds.
        frame: Count of frames, from 1.
        velocity: (2,) motion of the box, in pixels per second.
    """

    number: int
    time: float
    frame: int
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))

    def box_at(self, time: float) -> NDArray[np.float32]:
        """Return the box that is expected at a time, at most one width away."""
        shift = self.velocity * (time - self.time)
        width = max(float(self.box[2] - self.box[0]), 1.0)
        shift *= min(1.0, width / max(float(np.linalg.norm(shift)), 1e-9))
        return self.box + np.tile(shift, 2).astype(np.float32)

    def move(self, box: NDArray[np.float32], thumbnail: NDArray[np.uint8] | None, time: float) -> None:
        step = (box.reshape(2, 2) - self.box.reshape(2, 2)).mean(axis=0) / max(time - self.time, 1e-3)
        self.velocity = INERTIA * self.velocity + (1 - INERTIA) * step
        self.box, self.thumbnail, self.time = box, thumbnail, time


class Tracker:
    """Number the faces of one video: the same face keeps its number from frame to frame.

    Boxes are matched by overlap and likeness first, jointly for all faces of a frame (Kuhn's Hungarian
    method). A face is expected to keep its velocity, as in SORT (Bewley et al. 2016): two faces that cross
    keep their numbers. The others are matched by the likeness of nearby faces: the correlation of their
    thumbnails. A face that is unseen for a second gets a new number. All tracks end at a cut. Numbers are not
    reused.
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._count = 0
        self._frame = 0

    def follow(
        self, boxes: NDArray[np.float32], image: NDArray[np.uint8], time: float, cut: Cut = Cut.NONE
    ) -> list[int]:
        """Return the number of each face, from 1.

        Args:
            boxes: (N, 4), x0 y0 x1 y1 in pixels.
            image: (H, W, 3) uint8 RGB.
            time: Time of the frame, in seconds.
            cut: A certain cut ends all tracks. At a possible cut, a track continues only with a similar face.
        """
        self._frame += 1
        awaited = [one for one in self._tracks if self._is_awaited(one, time)]
        self._tracks = [] if cut is Cut.CERTAIN else awaited
        thumbnails = [_thumbnail(image, box) for box in boxes]
        found: dict[int, _Track] = {}
        overlap = partial(overlap_fit, time=time, is_strict=cut is not Cut.NONE)
        for measure in (overlap, likeness_fit):
            faces = [face for face in range(len(boxes)) if face not in found]
            taken = {id(one) for one in found.values()}
            tracks = [one for one in self._tracks if id(one) not in taken]
            if not faces or not tracks:
                break
            seen = [Face(boxes[face], thumbnails[face]) for face in faces]
            for row, column in assign(measure(seen, tracks)):
                found[faces[row]] = tracks[column]
        if cut is Cut.POSSIBLE:
            self._tracks = list(found.values())
        return [self._update(found.get(i), boxes[i], thumbnails[i], time) for i in range(len(boxes))]

    def _is_awaited(self, track: _Track, time: float) -> bool:
        return time - track.time <= PATIENCE or self._frame - track.frame <= FRAMES

    def _update(
        self, track: _Track | None, box: NDArray[np.float32], thumbnail: NDArray[np.uint8] | None, time: float
    ) -> int:
        if track is None:
            self._count += 1
            track = _Track(box, thumbnail, self._count, time, self._frame)
            self._tracks.append(track)
        track.move(box, thumbnail, time)
        track.frame = self._frame
        return track.number


def overlap_fit(
    faces: Sequence[Face], tracks: Sequence[_Track], time: float, is_strict: bool
) -> NDArray[np.float64]:
    """Return the sum of overlap and likeness, (faces, tracks); 0 for a pair that overlaps too little.

    Args:
        faces: The faces of a frame.
        tracks: The last faces of the tracks.
        time: Time of the frame, in seconds.
        is_strict: Give 0 to dissimilar pairs too.
    """
    shared = overlaps(np.stack([one.box for one in faces]), np.stack([one.box_at(time) for one in tracks]))
    alike = np.array([[likeness(face, track) for track in tracks] for face in faces])
    is_fit = (shared >= OVERLAP) & (~is_strict | (alike >= LIKENESS))
    return np.where(is_fit, shared + np.maximum(alike, 0), 0)


def likeness_fit(faces: Sequence[Face], tracks: Sequence[Face]) -> NDArray[np.float64]:
    """Return likenesses, (faces, tracks); 0 for a pair that is too far apart, or too dissimilar."""
    fit = np.array(
        [
            [likeness(face, track) if _is_near(face.box, track.box) else 0 for track in tracks]
            for face in faces
        ]
    )
    return np.where(fit >= LIKENESS, fit, 0)


def assign(fit: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the pairs with the highest sum. A pair with fit 0 is left out."""
    return [
        (row, column) for row, column in zip(*linear_sum_assignment(-fit), strict=True) if fit[row, column]
    ]


def likeness(one: Face, other: Face) -> float:
    """Return the correlation of two thumbnails at the best shift, -1..1; 0 if one has no contrast."""
    if one.thumbnail is None or other.thumbnail is None:
        return 0.0
    centre = np.ascontiguousarray(one.thumbnail[SHIFT:-SHIFT, SHIFT:-SHIFT])
    return float(cv2.matchTemplate(other.thumbnail, centre, cv2.TM_CCOEFF_NORMED).max())


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


def _thumbnail(image: NDArray[np.uint8], box: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """Return a (SIDE, SIDE) grey thumbnail; None without contrast."""
    from ferkit.data.crops import crop_box

    grey = cv2.cvtColor(np.ascontiguousarray(crop_box(image, box, MARGIN)), cv2.COLOR_RGB2GRAY)
    small = np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    return small if small[SHIFT:-SHIFT, SHIFT:-SHIFT].std() >= 1 else None
