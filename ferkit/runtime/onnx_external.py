"""Risks of an ONNX model, found without the package onnx: foreign files, loops, functions.

An ONNX file is a protocol buffer. Tensors may name a file with their values ("external data") by any path.
Loops may run forever, and functions that call each other may expand without bound. `ferkit export` writes
neither. The fields are numbered in onnx.proto; unknown ones are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ferkit.errors import RunError

DEEPEST = 50
"""Nested graphs that are followed."""
LOCATION = b"location"
MEMORY = "*"
"""Start of onnxruntime's location for data at an address in memory."""
LOOPS = (b"Loop", b"Scan")
OPERATOR, FUNCTIONS = ("Node", 4), ("Model", 25)
"""Message and number of the field of an operator's name, and of local functions."""
VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5
"""Wire types of protocol buffers."""

FIELDS: Mapping[str, Mapping[int, str]] = {
    "Model": {7: "Graph", 20: "Training"},
    "Training": {1: "Graph", 2: "Graph"},
    "Graph": {1: "Node", 5: "Tensor", 15: "Sparse"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "Sparse", 23: "Sparse"},
    "Sparse": {1: "Tensor", 2: "Tensor"},
    "Tensor": {13: "Entry"},
}
"""Message -> number of each field that leads to a tensor -> message of the field."""


class Endless(Exception):  # noqa: N818  never leaves this module
    """The model may run without end."""


def check_onnx(file: Path) -> None:
    """Check that a model has no loops or functions, and all external data in its folder or below.

    Raises:
        RunError: The file cannot be read, is no ONNX model, names data elsewhere or may run without end.
    """
    try:
        content = memoryview(file.read_bytes())
        locations = set(_locations(content, "Model", 0))
    except Endless as error:
        raise RunError(f"Cannot load {file}: it has {error}. Export the model again.") from error
    except (OSError, ValueError, IndexError) as error:
        raise RunError(f"Cannot read {file}: it is no whole ONNX file.") from error
    folder = file.resolve().parent
    for location in sorted(locations):
        path = Path(location)
        is_odd = path.is_absolute() or "\0" in location or location.startswith(MEMORY)
        if is_odd or not (folder / path).resolve().is_relative_to(folder):
            raise RunError(
                f"Cannot load {file}: it reads the file {location[:80]!r} outside its folder. Export the "
                "model again with all data in one file."
            )


def _locations(content: memoryview, message: str, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    inner = FIELDS[message]
    for number, value in _fields(content):
        if (message, number) == FUNCTIONS:
            raise Endless("local functions, which may expand without bound")
        if (message, number) == OPERATOR and isinstance(value, memoryview) and bytes(value) in LOOPS:
            raise Endless("a loop, which may run forever")
        if number not in inner or not isinstance(value, memoryview):
            continue
        if inner[number] == "Entry":
            entry = {key: bytes(part) for key, part in _fields(value) if isinstance(part, memoryview)}
            if entry.get(1) == LOCATION:
                yield entry.get(2, b"").decode("utf-8", "surrogateescape")
        else:
            yield from _locations(value, inner[number], depth + 1)


def _fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Split a message into (field number, value). Raises ValueError or IndexError if it is broken."""
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        kind = key & 7
        if kind == VARINT:
            value, place = _varint(content, place)
            yield key >> 3, value
            continue
        if kind == BYTES:
            length, place = _varint(content, place)
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            length = 8 if kind == EIGHT_BYTES else 4
        else:
            raise ValueError(f"wire type {kind}")
        if place + length > len(content):
            raise ValueError("cut off")
        yield key >> 3, content[place : place + length]
        place += length


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
