"""Feature maps that are kept in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ferkit.neural.evaluation_batches import Batch
from ferkit.neural.kept_batches import KeptBatches

TARGETS = torch.tensor([0, 1, 2])


def maps_of(number: int) -> dict[str, Tensor]:
    """Return maps of several types, sizes and memory formats."""
    draw = torch.Generator().manual_seed(number)
    early = torch.randn(3, 5, 4, 4, generator=draw).contiguous(memory_format=torch.channels_last)
    return {
        "early": early.to(torch.bfloat16),
        "late": torch.randn(3, 7, 2, 2, generator=draw),
        "cut": torch.randn(3, 7, 4, 4, generator=draw)[:, ::2, 1:],
        "embedding": torch.randn(3, 6, generator=draw),
    }


def test_kept_maps_are_the_same_in_each_round(tmp_path: Path) -> None:
    kept = KeptBatches([Batch(None, maps_of(number), TARGETS) for number in range(3)], tmp_path)
    for _ in range(2):
        for number, batch in enumerate(kept):
            assert batch.images is None
            assert batch.features is not None
            for name, expected in maps_of(number).items():
                found = batch.features[name]
                assert found.dtype == expected.dtype
                torch.testing.assert_close(found, expected, rtol=0, atol=0)
                assert found.is_contiguous(memory_format=torch.channels_last) == expected.is_contiguous(
                    memory_format=torch.channels_last
                )
    assert number == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("written", [None, 7])
def test_without_room_on_the_disk_maps_stay_in_memory(
    written: int | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Full:
        """A file on a disk that is full, or becomes full while a map is written."""

        def seek(self, *place: int) -> int:
            return 0

        def write(self, content: Any) -> int:
            if written is None:
                raise OSError(28, "No space left on device")
            return written

        def close(self) -> None: ...

    monkeypatch.setattr("tempfile.TemporaryFile", lambda **options: Full())
    (batch,) = KeptBatches([Batch(None, maps_of(0), TARGETS)], tmp_path)
    assert batch.features is not None
    torch.testing.assert_close(dict(batch.features), maps_of(0), rtol=0, atol=0)


def test_batches_without_maps_are_kept_as_they_are() -> None:
    given = Batch(torch.zeros(3, 3, 8, 8), None, TARGETS)
    (found,) = KeptBatches([given])
    assert found.images is given.images


def test_a_folder_that_is_missing_is_created(tmp_path: Path) -> None:
    (batch,) = KeptBatches([Batch(None, maps_of(0), TARGETS)], tmp_path / "folds" / "repeat0_fold0")
    assert batch.features is not None
