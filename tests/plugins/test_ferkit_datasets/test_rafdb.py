"""RAF-DB's folder "basic"."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferkit_datasets.rafdb import LIST, RAFDB

from ferkit.errors import DataError
from tests.plugins.test_ferkit_datasets.miniature import draw, parts_and_labels, write

ORDER = ["surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"]
NAMES = [f"train_{n:05}" for n in range(1, 8)] + [f"test_{n:04}" for n in range(1, 8)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / LIST, *(f"{name}.jpg {n % 7 + 1}" for n, name in enumerate(NAMES)))
    for name in NAMES:
        draw(tmp_path / "Image" / "aligned" / f"{name}_aligned.jpg")
        draw(tmp_path / "Image" / "original" / f"{name}.jpg")
    return tmp_path


@pytest.mark.parametrize(("images", "suffix"), [("aligned", "_aligned.jpg"), ("original", ".jpg")])
def test_labels_have_the_sets_own_order_and_names_tell_the_part(root: Path, images: str, suffix: str) -> None:
    dataset = RAFDB(root, images=images)
    assert dataset.problems() == []
    samples = dataset.samples()
    expected = [(part, label) for part in ("train", "test") for label in ORDER]
    assert parts_and_labels(samples) == expected
    assert [one.path for one in samples] == [root / "Image" / images / f"{name}{suffix}" for name in NAMES]


def test_rows_that_can_not_be_used_are_told_with_file_and_line(root: Path) -> None:
    write(root / LIST, "train_00001.jpg 0", "train_00009.jpg 1", "val_0001.jpg 1", "train_00002.jpg 1")
    with pytest.raises(DataError) as raised:
        RAFDB(root).samples()
    first, second, third = str(raised.value).splitlines()
    assert first.startswith(f"{root / LIST}, line 1: the label is '0'; expected one of 1 (surprise)")
    assert second.endswith(f"line 2: there is no file {root / 'Image/aligned/train_00009_aligned.jpg'}")
    assert "line 3: the name is 'val_0001.jpg'; expected train_NUMBER.jpg" in third


def test_a_line_with_another_number_of_cells_is_told(root: Path) -> None:
    write(root / LIST, "train_00001.jpg")
    with pytest.raises(DataError, match=r"line 1: expected 2 cells \(name, code\), got 1"):
        RAFDB(root).samples()


def test_what_is_missing_is_told_with_the_authors_page(tmp_path: Path) -> None:
    (problem,) = RAFDB(tmp_path).problems()
    assert problem.startswith(f"there is no {tmp_path / LIST} and no {tmp_path / 'Image/aligned'}. ")
    assert "from its authors" in problem
    assert "http://www.whdeng.cn/RAF/model1.html" in problem
    with pytest.raises(DataError, match="there is no"):
        RAFDB(tmp_path).samples()
