"""Feature maps of evaluated images, kept in a file instead of memory."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ferkit.neural.evaluation_batches import Batch


@dataclass(frozen=True, slots=True)
class _Stored:
    """A tensor in a file: its first byte there, and what the bytes are."""

    start: int
    dtype: torch.dtype
    shape: torch.Size
    is_channels_last: bool


class KeptBatches:
    """Batches whose feature maps on the CPU are in a temporary file. Maps on a GPU stay there.

    The system keeps a file that was just written in free memory, so that reading it costs little, and takes
    this memory back for a process that needs it. The file has no name and ends with the process. Without
    room on the disk, the maps stay in memory.

    Args:
        batches: The batches, in order.
        folder: Folder of the file, which is created. Default: the system's folder for temporary files.

    Raises:
        OSError: The folder cannot be created or written.
    """

    def __init__(self, batches: Iterable[Batch], folder: Path | None = None) -> None:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self._file: Any = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  closed by finalize
        weakref.finalize(self, self._file.close)
        self._batches: list[tuple[Batch, Mapping[str, _Stored]]] = []
        for batch in batches:
            stored = {
                name: one for name, maps in (batch.features or {}).items() if (one := self._store(maps))
            }
            left = {name: maps for name, maps in (batch.features or {}).items() if name not in stored}
            self._batches.append((replace(batch, features=left if batch.features else None), stored))

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches, with the same maps."""
        for batch, stored in self._batches:
            if batch.features is None:
                yield batch
                continue
            read = {name: self._read(one) for name, one in stored.items()}
            yield replace(batch, features={**batch.features, **read})

    def _store(self, maps: Tensor) -> _Stored | None:
        """Write a tensor; return None if it stays in memory."""
        if maps.device.type != "cpu":
            return None
        is_channels_last = maps.dim() == 4 and maps.is_contiguous(memory_format=torch.channels_last)
        flat = maps.permute(0, 2, 3, 1) if is_channels_last else maps
        content = flat.contiguous().view(-1).view(torch.uint8).numpy().data
        start = self._file.seek(0, os.SEEK_END)
        with suppress(OSError):
            is_whole = self._file.write(content) == content.nbytes
            return _Stored(start, maps.dtype, maps.shape, is_channels_last) if is_whole else None
        return None

    def _read(self, stored: _Stored) -> Tensor:
        read = np.empty(stored.shape.numel() * stored.dtype.itemsize, np.uint8)
        self._file.seek(stored.start)
        self._file.readinto(read.data)
        values = torch.from_numpy(read).view(stored.dtype)
        if not stored.is_channels_last:
            return values.view(stored.shape)
        batch, channels, height, width = stored.shape
        return values.view(batch, height, width, channels).permute(0, 3, 1, 2)
