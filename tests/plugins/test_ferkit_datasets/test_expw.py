"""Faces cropped by ExpW's boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ferkit_datasets.expw import ExpW
from PIL import Image

from ferkit.data.images import read_image
from ferkit.errors import DataError
from tests.plugins.test_ferkit_datasets.miniature import draw, write

ORDER = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]


def fill(root: Path, *lines: str) -> Path:
    write(root / "label" / "label.lst", *lines)
    return root


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An image whose red is the column and whose green is the row."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "expw" / "image" / "origin"
    folder.mkdir(parents=True)
    columns, rows = np.meshgrid(np.arange(40), np.arange(30))
    pixels = np.stack([columns, rows, np.zeros_like(rows)], axis=2).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "crowd.png")
    return tmp_path / "expw"


def test_a_box_is_top_left_right_bottom(root: Path) -> None:
    dataset = ExpW(fill(root, "crowd.png 0 4 10 30 20 72.1 3"))
    assert dataset.problems() == []
    (sample,) = dataset.samples()
    image = read_image(sample.path)
    assert image.shape == (16, 20, 3)
    assert image[0, 0].tolist() == [10, 4, 0]
    assert image[-1, -1].tolist() == [29, 19, 0]
    assert (sample.label, sample.groups, sample.split) == ("happiness", {"image": "crowd.png"}, "")


def test_labels_have_the_sets_own_order_and_each_face_is_a_file(root: Path) -> None:
    fill(root, *(f"crowd.png {n} {n} 10 30 20 72.1 {n}" for n in range(7)))
    samples = ExpW(root).samples()
    assert [one.label for one in samples] == ORDER
    assert len({one.path for one in samples}) == 7


def test_a_margin_widens_the_box_within_the_image(root: Path) -> None:
    fill(root, "crowd.png 0 4 10 30 24 72.1 3")
    (sample,) = ExpW(root, margin=0.5).samples()
    image = read_image(sample.path)
    assert image[0, 0].tolist() == [0, 0, 0]
    assert image[-1, -1].tolist() == [39, 29, 0]


def test_boxes_below_a_confidence_are_left_out(root: Path) -> None:
    fill(root, "crowd.png 0 4 10 30 20 9.9 3", "crowd.png 1 4 10 30 20 10.0 4")
    assert [one.label for one in ExpW(root, min_confidence=10.0).samples()] == ["sadness"]


def test_a_face_is_cut_out_once_and_again_where_the_image_changed(root: Path) -> None:
    fill(root, "crowd.png 0 4 10 30 20 72.1 3")
    first = ExpW(root).samples()[0].path
    before = first.stat().st_mtime_ns
    assert ExpW(root).samples()[0].path == first
    assert first.stat().st_mtime_ns == before
    draw(root / "image" / "origin" / "crowd.png", side=60, grey=7)
    assert (read_image(ExpW(root).samples()[0].path) == 7).all()


def test_rows_that_can_not_be_used_are_told_with_file_and_line(root: Path) -> None:
    (root / "image" / "origin" / "broken.png").write_bytes(b"no image")
    fill(
        root,
        "gone.png 0 4 10 30 20 72.1 3",
        "broken.png 0 4 10 30 20 72.1 3",
        "crowd.png 0 4 30 10 20 72.1 3",
        "crowd.png 0 400 10 30 420 72.1 3",
        "crowd.png 0 4 10 30 20 72.1 9",
    )
    with pytest.raises(DataError) as raised:
        ExpW(root).samples()
    lines = str(raised.value).splitlines()
    assert [line.split(": ", 1)[0] for line in lines] == [
        f"{root / 'label/label.lst'}, line {number}" for number in range(1, 6)
    ]
    problems = (
        "No such file",
        "cannot identify image",
        "the box is empty",
        "outside the image",
        "label is '9'",
    )
    assert all(problem in line for problem, line in zip(problems, lines, strict=True))


def test_what_is_missing_is_told_with_the_authors_page(tmp_path: Path) -> None:
    (problem,) = ExpW(tmp_path).problems()
    expected = f"there is no file {tmp_path / 'label/label.lst'} and no folder {tmp_path / 'image/origin'}. "
    assert problem.startswith(expected)
    assert "http://mmlab.ie.cuhk.edu.hk/projects/socialrelation/index.html" in problem


def test_no_margin_is_below_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"margin: expected a fraction of at least 0, got -0\.1"):
        ExpW(tmp_path, margin=-0.1)
