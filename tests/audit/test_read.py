"""What is read of each image, and what becomes of those that can't be."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ferkit.audit.read import perceptual_hash, read_images
from ferkit.interfaces import Sample
from tests.audit.drawn import draw, save


def test_a_broken_file_is_told_with_its_reason_and_the_others_are_read(tmp_path: Path) -> None:
    good = save(tmp_path / "sad" / "good.png", draw(1))
    cut = save(tmp_path / "happy" / "cut.png", draw(2))
    cut.write_bytes(cut.read_bytes()[:200])
    (tmp_path / "sad" / "text.png").write_text("no image")
    paths = [cut, good, tmp_path / "sad" / "text.png", tmp_path / "sad" / "none.png"]
    read = read_images([Sample(path, path.parent.name) for path in paths])
    assert read.names == ["sad/good.png"]
    assert read.sha256 == [hashlib.sha256(good.read_bytes()).hexdigest()]
    assert read.bits.shape == (1, 64)
    assert [one.name for one in read.unreadable] == ["happy/cut.png", "sad/text.png", "sad/none.png"]
    assert "truncated" in read.unreadable[0].reason
    assert "not an image" in read.unreadable[1].reason
    assert read.unreadable[2].reason == "it can't be read: No such file or directory"


def test_where_nothing_can_be_read_there_are_no_hashes(tmp_path: Path) -> None:
    read = read_images([Sample(tmp_path / "none.png", "sad")])
    assert read.names == []
    assert read.bits.shape == (0, 64)


def test_progress_counts_the_broken_files_too(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    samples = [Sample(tmp_path / "none.png", "sad"), Sample(save(tmp_path / "a.png", draw(1)), "sad")]
    read_images(samples, lambda *call: calls.append(call))
    assert calls == [("images", 1, 2), ("images", 2, 2)]


def test_the_hash_is_of_the_picture_and_not_of_its_size() -> None:
    large, small, other = (
        perceptual_hash(np.asarray(image)) for image in (draw(1, 200), draw(1, 60), draw(2, 200))
    )
    assert (large != small).sum() <= 4
    assert (large != other).sum() > 16
