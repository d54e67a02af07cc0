"""Exact duplicates, and images under two labels."""

from __future__ import annotations

from pathlib import Path

from ferkit.audit.duplicates import find_duplicates
from tests.audit.drawn import draw, images_of, save


def test_duplicates_are_found_and_those_under_two_labels_stand_first(tmp_path: Path) -> None:
    plain = [save(tmp_path / f"a{n}.png", draw(1)) for n in range(3)]
    torn = [save(tmp_path / f"b{n}.png", draw(2)) for n in range(2)]
    other = save(tmp_path / "c.png", draw(3))
    files = [(path, "sad") for path in [*plain, torn[0], other]] + [(torn[1], "happy")]
    conflict, duplicates = find_duplicates(images_of(files))
    assert conflict.names == ("b0.png", "b1.png")
    assert conflict.labels == ("sad", "happy")
    assert conflict.is_conflict
    assert duplicates.names == ("a0.png", "a1.png", "a2.png")
    assert not duplicates.is_conflict


def test_the_same_picture_in_another_encoding_is_no_exact_copy(tmp_path: Path) -> None:
    files = [(save(tmp_path / f"a.{kind}", draw(1)), "sad") for kind in ("png", "bmp")]
    assert find_duplicates(images_of(files)) == ()
