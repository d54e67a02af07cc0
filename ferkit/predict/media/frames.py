"""Decode sources into frames ahead of their use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ferkit.data.images import read_image
from ferkit.errors import DataError
from ferkit.predict.media.cuts import Cut, CutDetector
from ferkit.predict.media.sources import Camera, Ignored, ImageSource, InputError, Source, Stream, VideoSource
from ferkit.predict.media.video import VideoFrame, read_camera, read_moving, read_stream
from ferkit.runtime.prefetch import iterate_ahead, map_ahead

AHEAD = 16
ROOM = 60e6
"""Maximum size of decoded images in the queue, in bytes."""
FRAMES_AHEAD = 8


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """An image, or a frame of a video or camera.

    Attributes:
        source: Where the frame comes from.
        image: (H, W, 3) uint8 RGB.
        number: Index of the frame, from 0; None for an image.
        time: Time of the frame, in seconds; None for an image.
        lasts: Time until the next processed frame, in seconds. Of a camera, it is estimated from its rate.
        is_live: True for a camera. Such a frame is processed at once, without waiting for a full batch.
        cut: Comparison with the processed frame before.
        total: Number of frames of the video, as estimated from its header; None if unknown.
    """

    source: ImageSource | VideoSource | Camera | Stream
    image: NDArray[np.uint8]
    number: int | None = None
    time: float | None = None
    lasts: float = 0.0
    is_live: bool = False
    cut: Cut = Cut.NONE
    total: int | None = None

    @property
    def file(self) -> str:
        return name_of(self.source)


def name_of(source: ImageSource | VideoSource | Camera | Stream) -> str:
    """Return what a source is called in results and messages."""
    if isinstance(source, Stream):
        return source.address
    if isinstance(source, Camera):
        return str(source.name)
    return source.address or str(source.path)


Read = Frame | Ignored | InputError


def read_frames(sources: Iterable[Source], every: int = 1) -> Iterator[Read]:
    """Yield all images, and every N-th frame of videos and cameras; InputError for an unreadable source.

    Consecutive images are decoded by several threads.
    """
    for is_still, group in groupby(sources, lambda one: not isinstance(one, VideoSource | Camera | Stream)):
        if is_still:
            yield from map_ahead(_read_still, group, ahead=AHEAD, room=ROOM, weigh=_weight)
            continue
        for one in group:
            if isinstance(one, Camera):
                yield from _frames(one, iterate_ahead(read_camera(one.index, every), 1))
            elif isinstance(one, Stream):
                yield from _frames(one, iterate_ahead(read_stream(one.address, every), 1))
            elif isinstance(one, VideoSource):
                shots = read_moving(one.path, one.is_animation, every)
                yield from _frames(one, iterate_ahead(shots, FRAMES_AHEAD))


def _read_still(source: Source) -> Read:
    if not isinstance(source, ImageSource):
        assert isinstance(source, Ignored | InputError)
        return source
    try:
        return Frame(source, read_image(source.path))
    except DataError as error:
        return InputError(name_of(source), str(error).removeprefix(f"{source.path}: "))


def _frames(source: VideoSource | Camera | Stream, shots: Iterator[VideoFrame | str]) -> Iterator[Read]:
    is_live, find_cut = isinstance(source, Camera | Stream), CutDetector()
    for one in shots:
        if isinstance(one, str):
            yield InputError(name_of(source), one)
        else:
            cut = find_cut(one.image)
            yield Frame(source, one.image, one.number, one.time, one.lasts, is_live, cut, one.total)


def _weight(read: Read) -> float:
    return float(read.image.nbytes) if isinstance(read, Frame) else 0.0


def batch_reads(reads: Iterable[Read], size: int) -> Iterator[list[Read]]:
    """Group reads into batches of at most `size` frames, or fewer large ones. The order is kept."""
    batch: list[Read] = []
    frames, room = 0, 0.0
    for read in reads:
        batch.append(read)
        if isinstance(read, Frame):
            frames, room = frames + 1, room + read.image.nbytes
        is_live = isinstance(read, Frame) and read.is_live
        if is_live or frames >= size or room >= ROOM or len(batch) >= 8 * size:
            yield batch
            batch, frames, room = [], 0, 0.0
    if batch:
        yield batch
