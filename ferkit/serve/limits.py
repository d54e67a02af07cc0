"""Limits of a request, and the answer to a request that exceeds one."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ferkit.messages import printable

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
        seconds: Time from the first byte of a request to the answer. The body may take half of it, and so may
            downloads.
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


class Budget:
    """The bytes and the time that all downloads of one request may still take.

    Args:
        limits: `bytes` is the limit of bytes. Half of `seconds` is the limit of time, from now.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._bytes = limits.bytes
        self._ends = time.monotonic() + limits.seconds / 2

    def take(self, size: int, url: str) -> None:
        """Take the bytes that an address sent. Raises RequestError if fewer were left."""
        self._bytes -= size
        if self._bytes < 0:
            reason = f"the downloads of a request are too large. The limit is {self.limits.megabytes:g} MB"
            raise unread(url, reason, TOO_LARGE)

    def seconds(self, url: str) -> float:
        """Return the time that is left to read an address. Raises RequestError if there is none."""
        if (left := self._ends - time.monotonic()) <= 0:
            reason = f"the downloads of a request took more than {self.limits.seconds / 2:g} s"
            raise unread(url, reason, TIMEOUT)
        return left


def unread(url: str, reason: str, status: int = UNREADABLE) -> RequestError:
    """Return the error for an address that cannot be read."""
    return RequestError(status, f"cannot read {printable(url)[:200]}: {reason}")
