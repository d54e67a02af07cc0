"""Limits of a request, and the answer to a request that exceeds one."""

from __future__ import annotations

from dataclasses import dataclass

BAD_REQUEST = 400
TOO_SLOW_BODY = 408
TOO_LARGE = 413
UNREADABLE = 422
BUSY = 503
TIMEOUT = 504


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one request.

    Attributes:
        megabytes: Size of a request body, in 10^6 bytes.
        megapixels: Size of an image or video frame, in 10^6 pixels.
        files: Files of a request.
        faces: Faces of an image or video frame.
        frames: Processed frames of a video.
        seconds: Time from the first byte of a request to the answer.
        queue: Requests that are processed or wait at the same time.
    """

    megabytes: float = 32
    megapixels: float = 50
    files: int = 32
    faces: int = 100
    frames: int = 900
    seconds: float = 60
    queue: int = 64

    @property
    def bytes(self) -> int:
        return int(self.megabytes * 1e6)

    @property
    def pixels(self) -> int:
        return int(self.megapixels * 1e6)


class RequestError(Exception):
    """A request, or one of its files, that is not processed.

    Attributes:
        status: Status code of HTTP.
        reason: The message of the answer.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
