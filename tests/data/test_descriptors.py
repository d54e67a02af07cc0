"""Features of faces: grey squares in, rows out, kept on disk by content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ferkit.errors import DataError
from ferkit.plugin import describe_faces
from tests.builders import make_faces


class Counting:
    """Gives the corners, and counts how often it is asked."""

    def __init__(self, signature: str = "corners 1") -> None:
        self.signature = signature
        self.calls = 0

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        self.calls += 1
        assert image.dtype == np.float64
        return np.array([image[0, 0], image[-1, -1], image.shape[0], image.shape[1]])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_each_descriptor_gives_a_row_for_each_face_of_a_grey_square() -> None:
    faces = make_faces(per_class=2, side=30)
    faces[0].image[:] = (255, 0, 0)
    one, two = describe_faces(faces, [Counting(), Counting("other")], image_size=20)
    assert one.shape == two.shape == (6, 4)
    assert one[0].tolist() == [76, 76, 20, 20]  # 0.299 · 255, ITU-R 601


def test_what_was_computed_is_kept_under_the_signature_and_the_size() -> None:
    faces = make_faces(per_class=1)
    descriptor = Counting()
    first = describe_faces(faces, [descriptor], 20)[0]
    assert np.array_equal(describe_faces(faces, [descriptor], 20)[0], first)
    assert descriptor.calls == 3
    describe_faces(faces, [descriptor], 16)
    assert descriptor.calls == 6
    describe_faces(faces, [other := Counting("corners 2")], 20)
    assert other.calls == 3


def test_a_broken_entry_is_made_again(cache: Path) -> None:
    faces = make_faces(per_class=1)
    first = describe_faces(faces, [Counting()], 20)[0]
    for file in cache.rglob("*.npy"):
        file.write_bytes(b"broken")
    assert np.array_equal(describe_faces(faces, [Counting()], 20)[0], first)


def test_a_cache_that_cannot_be_written_is_gone_without(cache: Path) -> None:
    (cache / "ferkit").write_text("a file where the folder should be")
    assert describe_faces(make_faces(per_class=1), [Counting()], 20)[0].shape == (3, 4)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([[1.0, np.nan]], r"anger_0\.png: the descriptor 'odd' returned 1 of 2 numbers that are not finite"),
        ([[1.0], [1.0, 2.0]], r"happiness_0\.png: the descriptor 'odd' returned an array of shape \(2,\)"),
        ([[[1.0]]], r"anger_0\.png: the descriptor 'odd' returned an array of shape \(1, 1\)"),
    ],
)
def test_what_is_no_row_of_finite_numbers_is_refused_with_the_image(
    answers: list[object], message: str
) -> None:
    class Odd(Counting):
        def __call__(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
            self.calls += 1
            return np.array(answers[self.calls - 1])

    with pytest.raises(DataError, match=message):
        describe_faces(make_faces(per_class=1), [Odd("odd")], 20)


def test_what_a_descriptor_refuses_is_told_with_the_image() -> None:
    class Refusing(Counting):
        def __call__(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
            raise ValueError("levels: 4 needs images of at least 16 pixels a side, got 8 by 8")

    with pytest.raises(DataError, match=r"anger_0\.png can't be described by 'odd': levels: 4 needs images"):
        describe_faces(make_faces(per_class=1), [Refusing("odd")], 8)


def test_no_face_gives_no_row() -> None:
    assert describe_faces([], [Counting()], 20)[0].shape == (0, 0)
