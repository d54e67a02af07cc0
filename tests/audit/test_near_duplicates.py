"""Near pairs, by the perceptual hash and by embeddings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ferkit.audit import near_duplicates
from ferkit.audit.near_duplicates import find_pairs, near_by_embedding, near_by_hash
from ferkit.audit.read import Images
from ferkit.audit.result import Unreadable
from ferkit.interfaces import Sample
from tests.audit.drawn import draw, images_of, save


def made(count: int, labels: str = "", bits: np.ndarray | None = None) -> Images:
    """Images without files: names p0, p1 ..., each an image of its own."""
    samples = [
        Sample(Path(f"p{n}"), (labels or "s" * count)[n], {"clip": f"c{n // 2}"}) for n in range(count)
    ]
    names, hashes = [f"p{n}" for n in range(count)], [f"hash{n}" for n in range(count)]
    unreadable: tuple[Unreadable, ...] = ()
    return Images(
        Path(), samples, names, hashes, np.zeros((count, 64), bool) if bits is None else bits, unreadable
    )


def test_resized_and_recompressed_duplicates_are_found_and_another_picture_is_not(tmp_path: Path) -> None:
    files = [
        save(tmp_path / "large.png", draw(1, 160)),
        save(tmp_path / "small.png", draw(1, 70)),
        save(tmp_path / "worn.jpg", draw(1, 160), quality=20),
        save(tmp_path / "other.png", draw(2, 160)),
    ]
    told, pairs = near_by_hash(images_of([(path, "sad") for path in files]))
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2)]
    assert (told.pairs, told.compared, told.two_labels) == (3, 4, 0)


def test_an_exact_copy_is_no_near_duplicate(tmp_path: Path) -> None:
    files = [save(tmp_path / "a.png", draw(1)), save(tmp_path / "b.png", draw(1))]
    told, _ = near_by_hash(images_of([(path, "sad") for path in files]))
    assert told.pairs == 0


@pytest.mark.parametrize(("distance", "found"), [(9, 0), (10, 1)])
def test_the_distance_is_the_number_of_bits_that_differ_at_most(distance: int, found: int) -> None:
    bits = np.zeros((2, 64), bool)
    bits[1, :10] = True
    told, _ = near_by_hash(made(2, bits=bits), distance)
    assert told.pairs == found
    assert [pair.value for pair in told.closest] == [10.0] * found


def test_blocks_together_find_what_the_whole_matrix_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "ROWS", 7)
    vectors = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    pairs = find_pairs(vectors, 2.0, np.arange(50))
    assert pairs is not None
    expected = np.argwhere(np.triu(vectors @ vectors.T >= 2.0, 1))
    assert np.column_stack([pairs.first, pairs.second]).tolist() == expected.tolist()
    assert len(expected) > 50


def test_pairs_tell_their_labels_and_how_many_are_of_one_group() -> None:
    bits = np.zeros((4, 64), bool)
    bits[3] = True
    told, _ = near_by_hash(made(4, "hsss", bits))
    assert (told.pairs, told.two_labels) == (3, 2)
    assert told.same_group == {"clip": pytest.approx(1 / 3)}
    assert told.closest[0].labels == ("h", "s")


def test_embeddings_are_compared_by_angle_and_keep_their_images_places() -> None:
    embeddings = np.array([[1, 0], [50, 1], [0, 1], [0, 0]], np.float32)
    told, pairs = near_by_embedding(made(6), embeddings, np.array([0, 2, 3, 5]))
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([0], [2])
    assert told.closest[0].names == ("p0", "p2")
    assert told.closest[0].value == pytest.approx(50 / np.sqrt(2501))
    assert told.compared == 4


def test_the_nearest_pair_stands_first() -> None:
    embeddings = np.array([[1, 0.3], [1, 0], [1, 0.1]], np.float32)
    told, _ = near_by_embedding(made(3), embeddings, np.arange(3))
    assert [pair.names for pair in told.closest] == [("p1", "p2"), ("p0", "p2"), ("p0", "p1")]


def test_a_threshold_that_takes_nearly_everything_is_said_to_tell_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(near_duplicates, "MOST", 5)
    told, pairs = near_by_hash(made(4))
    assert told.reason.startswith("more than 5 pairs are within the threshold")
    assert "--hash-distance" in told.reason
    assert len(pairs.first) == 0


def test_no_images_have_no_pairs() -> None:
    assert near_by_hash(made(0))[0].pairs == 0
