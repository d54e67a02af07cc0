"""FER2013 from its CSV file and from folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ferkit_datasets.fer2013 import FER2013
from ferkit_datasets.labels import FER2013_FOLDERS

from ferkit.data.images import read_image
from ferkit.data.manifest import data_root, list_entries
from ferkit.errors import DataError
from tests.plugins.test_ferkit_datasets.miniature import draw, parts_and_labels, pixels, write, write_fer2013

ORDER = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data set with an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "fer2013").mkdir()
    return tmp_path / "fer2013"


def fill_folders(root: Path, test_name: str) -> None:
    for part, name in (("train", "Training_1.jpg"), ("test", test_name)):
        for folder in FER2013_FOLDERS:
            draw(root / part / folder / name)


def test_codes_usages_and_pixels_become_labels_parts_and_files(root: Path) -> None:
    usages = ["Training", "PublicTest", "PrivateTest", *["Training"] * 4]
    write_fer2013(root / "fer2013.csv", [(str(n), 30 * n, usage) for n, usage in enumerate(usages)])
    dataset = FER2013(root)
    assert dataset.problems() == []
    samples = dataset.samples()
    assert [one.label for one in samples] == ORDER
    assert [one.split for one in samples] == ["train", "validation", "test", *["train"] * 4]
    for number, sample in enumerate(samples):
        image = read_image(sample.path)
        assert image.shape == (48, 48, 3)
        assert (image == 30 * number).all()
        assert sample.path.name.startswith(f"fer{number:07}_")


def test_pixels_stand_row_by_row(root: Path) -> None:
    ramp = " ".join(str(place // 48) for place in range(48**2))
    write(root / "fer2013.csv", "emotion,pixels,Usage", f"3,{ramp},Training")
    (sample,) = FER2013(root).samples()
    assert (read_image(sample.path)[:, :, 0] == np.arange(48)[:, None]).all()


def test_the_challenges_own_table_has_the_columns_in_another_order_and_spaces(root: Path) -> None:
    write(root / "icml_face_data.csv", "emotion, Usage, pixels", f"3,Training,{pixels(9)}")
    assert parts_and_labels(FER2013(root, "icml_face_data.csv").samples()) == [("train", "happiness")]


def test_an_image_is_drawn_once_and_again_where_its_pixels_changed(root: Path) -> None:
    write_fer2013(root / "fer2013.csv", [("0", 10, "Training")])
    first = FER2013(root).samples()[0].path
    before = first.stat().st_mtime_ns
    assert FER2013(root).samples()[0].path == first
    assert first.stat().st_mtime_ns == before
    write_fer2013(root / "fer2013.csv", [("0", 11, "Training")])
    assert (read_image(FER2013(root).samples()[0].path) == 11).all()


def test_the_drawn_images_can_be_listed_in_a_manifest(root: Path) -> None:
    write_fer2013(root / "fer2013.csv", [("0", 10, "Training"), ("1", 10, "PublicTest")])
    dataset = FER2013(root)
    names = [entry.name for entry in list_entries(dataset.samples(), root=data_root(dataset))]
    assert [name[:11] for name in names] == ["fer0000000_", "fer0000001_"]


def test_every_row_that_can_not_be_used_is_told_with_file_and_line(root: Path) -> None:
    write(
        root / "fer2013.csv",
        "emotion,pixels,Usage",
        f"7,{pixels(1)},Training",
        "0,1 2 3,Training",
        f"0,{pixels(256)},Training",
        f"0,{pixels(1)},Test",
        f"0,{pixels(1)},Training",
    )
    with pytest.raises(DataError) as raised:
        FER2013(root).samples()
    lines = str(raised.value).splitlines()
    assert [line.split(": ", 1)[0] for line in lines] == [
        f"{root}/fer2013.csv, line {n}" for n in range(2, 6)
    ]
    assert "the label is '7'; expected one of 0 (anger), 1 (disgust)" in lines[0]
    assert "expected 2304 pixels (48 by 48), got 3" in lines[1]
    assert "whole numbers from 0 to 255" in lines[2]
    assert "the Usage is 'Test'; expected one of Training, PublicTest, PrivateTest" in lines[3]


def test_of_many_problems_five_are_told_and_the_rest_counted(root: Path) -> None:
    write_fer2013(root / "fer2013.csv", [("9", 1, "Training")] * 12)
    with pytest.raises(DataError) as raised:
        FER2013(root).samples()
    lines = str(raised.value).splitlines()
    assert len(lines) == 6
    assert lines[-1] == "and 7 more lines like these"


def test_a_line_that_was_cut_off_is_told(root: Path) -> None:
    write(root / "fer2013.csv", "emotion,pixels,Usage", "0,1 2 3")
    with pytest.raises(DataError, match=r"fer2013\.csv, line 2: expected 3 cells \(emotion, .* got 2"):
        FER2013(root).samples()


@pytest.mark.parametrize(
    ("name", "split"),
    [("PublicTest_7.jpg", "validation"), ("PrivateTest_7.jpg", "test"), ("im7.png", "test")],
)
def test_folders_tell_the_class_and_names_the_part(root: Path, name: str, split: str) -> None:
    fill_folders(root, name)
    draw(root / "test" / "happy" / ".hidden.jpg")
    dataset = FER2013(root)
    assert dataset.problems() == []
    samples = dataset.samples()
    assert parts_and_labels(samples[:7]) == [("train", label) for label in FER2013_FOLDERS.values()]
    assert parts_and_labels(samples[7:]) == [(split, label) for label in FER2013_FOLDERS.values()]


def test_what_is_missing_is_told_with_the_challenges_address(root: Path) -> None:
    (problem,) = FER2013(root).problems()
    assert problem.startswith(f"there is no {root / 'fer2013.csv'}, and no folders train and test")
    assert "https://www.kaggle.com/c/challenges-in-representation-learning" in problem
    fill_folders(root, "PublicTest_1.jpg")
    (root / "test" / "sad" / "PublicTest_1.jpg").unlink()
    (root / "test" / "sad").rmdir()
    (problem,) = FER2013(root).problems()
    assert problem.startswith(f"{root} lacks test/sad. ")
    with pytest.raises(DataError, match="lacks test/sad"):
        FER2013(root).samples()


def test_a_table_of_something_else_is_a_problem_before_it_is_read(root: Path) -> None:
    write(root / "fer2013.csv", "path,label", "a.png,joy")
    (problem,) = FER2013(root).problems()
    assert "has no column emotion, pixels, Usage; its columns are path, label" in problem
