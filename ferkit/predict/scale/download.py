"""Read the files of a part. Those of a remote storage are downloaded, each for a short time."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from ferkit.errors import DataError
from ferkit.predict.media.frames import Read, read_frames
from ferkit.predict.media.sources import ImageSource, InputError, VideoSource, source_of
from ferkit.predict.scale.files import describe_error, is_address, open_storage, suffix_of
from ferkit.runtime.prefetch import map_ahead

AHEAD = 8
ROOM = 200e6
"""Maximum size of downloaded files that wait, in bytes. One larger file is possible."""
Downloaded = ImageSource | VideoSource | InputError


def read_files(files: Sequence[str], every: int) -> Iterator[Read]:
    """Yield all images, and every N-th frame of videos, in the order of the files.

    Args:
        files: Paths and addresses.
        every: N.
    """
    for is_far, group in groupby(files, is_address):
        if is_far:
            yield from _read_far(list(group), every)
        else:
            yield from read_frames((source_of(Path(one), Path(Path(one).name)) for one in group), every)


def _read_far(addresses: Sequence[str], every: int) -> Iterator[Read]:
    with TemporaryDirectory(prefix="ferkit-") as folder:

        def download_here(address: str) -> Downloaded:
            return download(address, Path(folder))

        for source in map_ahead(download_here, addresses, ahead=AHEAD, room=ROOM, weigh=_size):
            yield from read_frames([source], every)
            if not isinstance(source, InputError):
                source.path.unlink(missing_ok=True)


def download(address: str, folder: Path) -> Downloaded:
    """Download a file into a folder. Return it with its address, or the reason why this is impossible."""
    file = folder / f"{secrets.token_hex(8)}{suffix_of(address)}"
    try:
        storage, path = open_storage(address)
        storage.get_file(path, str(file))
    except DataError as error:
        return InputError(address, str(error))
    except FileNotFoundError:
        return InputError(address, "there is no such file")
    except Exception as error:  # each storage has its own
        return InputError(address, f"cannot download it: {describe_error(error)}")
    source = source_of(file, Path(address.rpartition("/")[2]))
    return source if isinstance(source, InputError) else replace(source, address=address)


def _size(source: Downloaded) -> float:
    return 0.0 if isinstance(source, InputError) else float(source.path.stat().st_size)
