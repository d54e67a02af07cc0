"""SFEW 2.0, the labelled images."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferkit_datasets.sfew import FOLDERS
from ferkit_datasets.sfew2 import SFEW2

from ferkit.errors import DataError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for part in ("Train", "Val"):
        for folder in FOLDERS:
            (tmp_path / part / folder).mkdir(parents=True)
            (tmp_path / part / folder / "About_A_Boy_001234567_00000012.png").touch()
    (tmp_path / "Test").mkdir()
    return tmp_path


def test_folders_tell_the_part_and_the_class_and_names_the_movie(root: Path) -> None:
    dataset = SFEW2(root)
    assert dataset.problems() == []
    samples = dataset.samples()
    assert [(one.split, one.label) for one in samples] == [
        (part, label) for part in ("train", "test") for label in FOLDERS.values()
    ]
    assert samples[0].groups == {"movie": "About_A_Boy", "clip": "About_A_Boy_001234567"}


def test_the_validation_part_may_be_what_it_is_called(root: Path) -> None:
    assert {one.split for one in SFEW2(root, validation_is="validation").samples()} == {"train", "validation"}


def test_a_name_that_tells_no_movie_is_of_no_group_and_what_is_no_image_is_passed_over(
    root: Path,
) -> None:
    folder = root / "Train" / "Angry"
    for name in ("image7.jpg", ".hidden.png", "Thumbs.db"):
        (folder / name).touch()
    groups = {one.path.name: one.groups for one in SFEW2(root).samples() if one.path.parent == folder}
    assert groups.keys() == {"About_A_Boy_001234567_00000012.png", "image7.jpg"}
    assert groups["image7.jpg"] == {}


def test_what_is_missing_is_told_with_where_to_request_it(root: Path) -> None:
    (root / "Val" / "Sad" / "About_A_Boy_001234567_00000012.png").unlink()
    (root / "Val" / "Sad").rmdir()
    (problem,) = SFEW2(root).problems()
    assert problem.startswith(f"{root} lacks Val/Sad. Request SFEW 2.0 from its authors")
    with pytest.raises(DataError, match="lacks Val/Sad"):
        SFEW2(root).samples()
