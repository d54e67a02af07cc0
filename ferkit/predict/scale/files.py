"""List the files of a prediction in parts, also those of a remote storage."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ferkit.errors import DataError
from ferkit.predict.media.sources import (
    CHAINED,
    STDIN,
    Camera,
    Found,
    Ignored,
    InputError,
    Listed,
    Stream,
    list_inputs,
)
from ferkit.predict.media.stdin import read_stdin
from ferkit.runtime.file_kinds import IMAGE_SUFFIXES, VIDEO_SUFFIXES

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.+", re.DOTALL)
"""An address of fsspec, such as s3://bucket/photos/*.jpg."""


@dataclass
class FileList:
    """The files of a prediction.

    Attributes:
        files: Paths and addresses, sorted, each once.
        ignored: Suffix -> number of files that are neither images nor videos.
        problems: Inputs without a file.
    """

    files: list[str] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    problems: list[InputError] = field(default_factory=list)


def list_files(inputs: Sequence[str], stdin: BinaryIO | None = None) -> FileList:
    """List all files of the inputs. None is opened.

    Args:
        inputs: Files, folders and patterns, on this machine or at an address of fsspec, or "-".
        stdin: Stream for "-". Default: standard input.
    """
    listed = FileList()
    found: dict[str, str] = {}
    for one in _read_list(inputs, stdin or sys.stdin.buffer):
        if isinstance(one, InputError):
            listed.problems.append(one)
        elif isinstance(one, Ignored):
            listed.ignored[suffix_of(one.file)] += 1
        else:
            found.setdefault(full_name(one), one)
    listed.files = sorted(found.values())
    return listed


def _read_list(inputs: Sequence[str], stdin: BinaryIO) -> Iterator[str | Ignored | InputError]:
    for text in inputs:
        if text == STDIN:
            try:
                lines = [os.fsdecode(line) for line in read_stdin(stdin)]
            except DataError as error:
                yield InputError("stdin", str(error))
                continue
            yield from _read_list([line for line in lines if line.strip() and line != STDIN], stdin)
        elif is_address(text):
            yield from [InputError(text, CHAINED)] if "::" in text else _list_address(text)
        else:
            yield from map(_file_of, list_inputs([text]))


def _file_of(found: Found) -> str | Ignored | InputError:
    if isinstance(found, Listed):
        return str(found.path)
    if isinstance(found, Camera | Stream):
        return InputError(str(found.name), "it is a camera, which has no end. Drop --jobs and --on")
    return found


def is_address(text: str) -> bool:
    """Return True for an address of a remote storage. Other texts are paths of this machine."""
    return bool(ADDRESS.fullmatch(text))


def full_name(file: str) -> str:
    """Return an address unchanged, and a path of this machine as an absolute one."""
    return file if is_address(file) else os.path.abspath(file)


def open_storage(address: str) -> tuple[Any, str]:
    """Return the file system of fsspec for an address, and the path in it.

    Raises:
        DataError: No package is installed for the protocol.
    """
    protocol = address.partition("://")[0]
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise DataError('it needs fsspec. Run: pip install "ferkit[ray]"') from error
    try:
        storage, path = url_to_fs(address)
    except ImportError as error:
        raise DataError(
            f"{protocol}:// needs another package: {describe_error(error)}. Run pip install with its name."
        ) from error
    except Exception as error:  # each storage has its own
        raise DataError(f"cannot open the storage: {describe_error(error)}") from error
    return storage, path


def _list_address(address: str) -> Iterator[str | Ignored | InputError]:
    """Yield a file, the files of a folder at any depth, or those that match a pattern."""
    try:
        storage, path = open_storage(address)
        if storage.isfile(path):
            yield storage.unstrip_protocol(path)
            return
        paths, otherwise = _find(storage, path)
    except DataError as error:
        yield InputError(address, str(error))
        return
    except Exception as error:  # each storage has its own
        yield InputError(address, f"cannot list it: {describe_error(error)}")
        return
    wanted = {one for one in paths if suffix_of(one) in IMAGE_SUFFIXES | VIDEO_SUFFIXES}
    yield from (storage.unstrip_protocol(one) if one in wanted else Ignored(one) for one in paths)
    if not wanted:
        yield InputError(address, otherwise)


def _find(storage: Any, path: str) -> tuple[Sequence[str], str]:
    """Return the paths of files, and the reason if none of them is an image or video."""
    if storage.isdir(path):
        return storage.find(path), "the folder has no image or video"
    if set("*?[") & set(path):
        found = storage.glob(path, detail=True)
        files = [name for name, about in found.items() if about["type"] != "directory"]
        return files, "no image or video matches this pattern"
    return [], "there is no such file or folder"


def describe_error(error: Exception) -> str:
    """Return the first line of an exception of a storage without its full stop, or its name."""
    return next(iter(str(error).strip().splitlines()), "").rstrip(".") or type(error).__name__


def suffix_of(file: str) -> str:
    """Return the suffix of a path or address, in lower case."""
    return Path(file.rpartition("/")[2]).suffix.lower()
