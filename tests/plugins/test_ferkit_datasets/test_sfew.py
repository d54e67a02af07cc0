"""SFEW's folders and file names, on files made here."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from ferkit_datasets.sfew import FOLDERS, SFEW

from ferkit.errors import DataError
from ferkit.interfaces import CANONICAL_LABELS

REAL = Path(os.environ.get("FERKIT_SFEW") or "/nowhere")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
        for frame in (8, 12):
            (tmp_path / folder / f"Town_001234567_{frame:08}.png").touch()
    return tmp_path


def test_folders_stand_for_the_canonical_labels(root: Path) -> None:
    samples = SFEW(root).samples()
    assert Counter(sample.label for sample in samples) == dict.fromkeys(FOLDERS.values(), 2)
    assert set(FOLDERS.values()) == set(CANONICAL_LABELS) - {"contempt"}
    assert all(FOLDERS[sample.path.parent.name] == sample.label for sample in samples)


@pytest.mark.parametrize(
    ("name", "movie", "clip"),
    [
        ("Hangover_001949614_00000089.png", "Hangover", "Hangover_001949614"),
        (
            "HarryPotter_Deathly_Hallows_1_001610960_00000028.png",
            "HarryPotter_Deathly_Hallows_1",
            "HarryPotter_Deathly_Hallows_1_001610960",
        ),
        ("50_50_004100214_00000012.png", "50_50", "50_50_004100214"),
        ("Juno-012345678_00000001.png", "Juno", "Juno_012345678"),
        ("Juno_012345678__00000001.png", "Juno", "Juno_012345678"),
    ],
)
def test_a_name_tells_the_movie_and_the_clip(root: Path, name: str, movie: str, clip: str) -> None:
    (root / "Sad" / name).touch()
    (sample,) = [one for one in SFEW(root).samples() if one.path.name == name]
    assert sample.groups == {"movie": movie, "clip": clip}


def test_a_name_of_another_kind_is_refused(root: Path) -> None:
    (root / "Sad" / "portrait.png").touch()
    with pytest.raises(DataError, match=r"Sad/portrait\.png: expected a name like MovieTitle_001234567"):
        SFEW(root).samples()


def test_files_that_finder_leaves_are_passed_over(root: Path) -> None:
    (root / "Sad" / "._Town_001234567_00000008.png").touch()
    assert len(SFEW(root).samples()) == 14


def test_a_missing_folder_says_where_sfew_is_to_be_had_and_how_it_must_look(tmp_path: Path) -> None:
    (problem,) = SFEW(tmp_path / "none").problems()
    assert f"there is no folder {tmp_path / 'none'}" in problem
    assert "from its authors" in problem
    assert f"{tmp_path / 'none'}/Angry/MovieTitle_001234567_00000012.png" in problem
    assert "--demo" in problem


def test_classes_without_images_are_named(root: Path) -> None:
    for file in (root / "Fear").iterdir():
        file.unlink()
    (root / "Happy").rename(root / "happy!")
    (problem,) = SFEW(root).problems()
    assert "no images in Fear, Happy" in problem


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_dir(), reason="FERKIT_SFEW names no folder with SFEW-675")
def test_the_675_images_have_58_titles_and_467_clips() -> None:
    samples = SFEW(REAL).samples()
    assert Counter(sample.label for sample in samples) == {
        label: 75 if label == "disgust" else 100 for label in FOLDERS.values()
    }
    assert len({sample.groups["movie"] for sample in samples}) == 58
    assert len({sample.groups["clip"] for sample in samples}) == 467
