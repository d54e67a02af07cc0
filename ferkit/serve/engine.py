"""Process the files of requests: decode, find faces, recognise expressions."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from ferkit.errors import FerkitError
from ferkit.predict.media.frames import Frame
from ferkit.predict.media.sources import Ignored, InputError
from ferkit.predict.predicted import Predicted
from ferkit.predict.predictor import Predictor
from ferkit.predict.row import Row
from ferkit.serve.batching import Batcher, ReadAhead, Room
from ferkit.serve.decode import Medium, decode_moving, decode_still, frames_ahead, inspect
from ferkit.serve.limits import TOO_LARGE, UNREADABLE, Limits, RequestError
from ferkit.serve.metrics import Metrics
from ferkit.serve.upload import Upload

DECODED = 250e6
"""Maximum size of decoded images that wait or are computed, in bytes."""
VIDEOS = 2
"""Videos that are processed at the same time. Their frames alternate with the batches of images."""
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Problem:
    """A file, or a part of it, that could not be processed.

    Attributes:
        file: Its name.
        reason: The message.
        status: Status of the answer if no file of the request could be processed.
    """

    file: str
    reason: str
    status: int = UNREADABLE


@dataclass(frozen=True, slots=True)
class Result:
    """The rows and problems of a file.

    Attributes:
        file: Its name.
        rows: One row for each face; one without a face for an image or frame without faces.
        problems: What could not be processed.
        is_video: True for a video or animation.
    """

    file: str
    rows: Sequence[Row] = ()
    problems: Sequence[Problem] = ()
    is_video: bool = False


class Engine:
    """A predictor for many requests at the same time. One thread computes, several decode.

    Args:
        predictor: The model and detector. `most_faces` must be above the limit, so that it is noticed.
        limits: Of a request.
        metrics: Count images, faces and problems.
    """

    def __init__(self, predictor: Predictor, limits: Limits, metrics: Metrics) -> None:
        self.predictor = predictor
        self.limits = limits
        self.metrics = metrics
        self.decoders = ThreadPoolExecutor(min(4, os.cpu_count() or 1), "ferkit-decode")
        self._videos = ThreadPoolExecutor(VIDEOS, "ferkit-video")
        self._thread = ThreadPoolExecutor(1, "ferkit-predict")
        self._batcher: Batcher[Frame, Predicted] = Batcher(self._predict, predictor.batch_size, self._thread)
        self._room = Room(DECODED)
        self._places = asyncio.Semaphore(VIDEOS)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Compute batches inside the block."""
        task = asyncio.create_task(self._batcher.run())
        try:
            yield
        finally:
            task.cancel()
            for threads in (self.decoders, self._videos, self._thread):
                threads.shutdown(wait=False, cancel_futures=True)

    async def decode(self, function: Callable[..., Made], *given: object) -> Made:
        """Call a function in a thread for decoding."""
        return await asyncio.get_running_loop().run_in_executor(self.decoders, function, *given)

    async def process(self, upload: Upload, every: int) -> Result:
        """Return the rows of a file. Errors of the file become problems of the result."""
        try:
            if isinstance(upload.content, RequestError):
                raise upload.content
            medium = await self.decode(inspect, upload.name, upload.content, self.limits, every)
            result = await (self._still(medium) if medium.kind == "image" else self._moving(medium, every))
            self._count(result)
        except RequestError as refused:
            result = Result(upload.name, problems=[Problem(upload.name, refused.reason, refused.status)])
        except FerkitError as error:
            result = Result(upload.name, problems=[Problem(upload.name, str(error))])
        self.metrics.problems.inc(len(result.problems))
        return result

    async def _still(self, medium: Medium) -> Result:
        async with self._room.take(medium.weight):
            frame = await self.decode(decode_still, medium)
            rows = (await self._batcher.compute(frame)).rows
        self._check_faces(rows)
        return Result(medium.name, rows)

    async def _moving(self, medium: Medium, every: int) -> Result:
        rows: list[Row] = []
        problems: list[Problem] = []
        loop = asyncio.get_running_loop()
        async with self._places:
            frames = ReadAhead(decode_moving(medium, self.limits, every))
            found = self.predictor.predict_frames(frames)
            ahead = min(frames_ahead(medium), self.predictor.batch_size)
            try:
                while True:  # a slow video keeps a thread of its own busy, not that of all requests
                    await loop.run_in_executor(self._videos, frames.fill, ahead)
                    some = await loop.run_in_executor(self._thread, self._next, found)
                    if not some:
                        break
                    for one in some:
                        if isinstance(one, Predicted):
                            self._check_faces(one.rows)
                            rows += one.rows
                        elif isinstance(one, InputError):
                            problems.append(Problem(medium.name, one.reason))
            finally:
                frames.stop()
                with suppress(RuntimeError):  # the server stops
                    self._videos.submit(frames.close)
        return Result(medium.name, rows, problems, is_video=True)

    def _next(
        self, found: Iterator[Predicted | Ignored | InputError]
    ) -> list[Predicted | Ignored | InputError]:
        return list(islice(found, self.predictor.batch_size))

    def _predict(self, frames: Sequence[Frame]) -> list[Predicted]:
        self.metrics.batches.observe(len(frames))
        return [one for one in self.predictor.predict_frames(frames) if isinstance(one, Predicted)]

    def _check_faces(self, rows: Sequence[Row]) -> None:
        if len(rows) > self.limits.faces:
            raise RequestError(TOO_LARGE, f"it has more than {self.limits.faces} faces, which is the limit")

    def _count(self, result: Result) -> None:
        if result.is_video:
            self.metrics.frames.inc(len({row.frame for row in result.rows}))
        else:
            self.metrics.images.inc()
        self.metrics.faces.inc(sum(row.face is not None for row in result.rows))
