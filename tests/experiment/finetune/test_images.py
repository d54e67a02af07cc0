"""What a folder is good for, before anything is trained."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ferkit.errors import DataError
from ferkit.experiment.finetune.images import FEWEST, describe, look_at, pick_length, pick_protocol
from ferkit.interfaces import Sample
from ferkit.testing.drawing import draw_folders


def samples_in(folder: Path) -> list[Sample]:
    return [Sample(path, path.parent.name) for path in sorted(folder.rglob("*.*"))]


def made_up(count: int, people: int = 0, split: str = "") -> list[Sample]:
    """So many images of each of two classes."""
    groups = [{"person": f"p{number % people}"} if people else {} for number in range(count)]
    return [
        Sample(Path(f"{label}{number}"), label, groups[number], split)
        for label in ("a", "b")
        for number in range(count)
    ]


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    return draw_folders(tmp_path / "faces", ("happy", "sad"), 5)


def test_clean_images_are_all_used(faces: Path) -> None:
    look = look_at(samples_in(faces))
    assert look.classes == {"happy": 5, "sad": 5}
    assert describe(look) == ["usable images: happy 5, sad 5"]


def test_broken_files_duplicates_and_conflicts_are_told_by_name_and_not_counted(faces: Path) -> None:
    (faces / "sad" / "torn.jpg").write_text("no")
    shutil.copy(faces / "sad" / "sad_0.png", faces / "sad" / "twin.png")
    shutil.copy(faces / "happy" / "happy_0.png", faces / "sad" / "other.png")
    look = look_at(samples_in(faces))
    assert look.classes == {"happy": 4, "sad": 5}
    _, unreadable, conflict, spare = describe(look)
    assert unreadable.startswith("1 file can't be read and will be skipped: sad/torn.jpg (")
    assert "in more than one class" in conflict
    assert "happy/happy_0.png = sad/other.png" in conflict
    assert "sad/sad_0.png = sad/twin.png" in spare


def test_of_many_broken_files_some_are_named_and_the_others_counted(faces: Path) -> None:
    for number in range(8):
        (faces / "sad" / f"torn{number}.jpg").write_text("no")
    told = describe(look_at(samples_in(faces)))[1]
    assert told.startswith("8 files can't be read")
    assert "torn4.jpg" in told
    assert "torn5.jpg" not in told
    assert told.endswith(", and 3 more")


def test_a_class_of_broken_files_is_refused_by_name(faces: Path) -> None:
    for file in (faces / "sad").iterdir():
        file.write_text("no")
    with pytest.raises(DataError, match=r"no image of the class sad .* 5 files can't be read"):
        look_at(samples_in(faces))


@pytest.mark.parametrize(("count", "folds"), [(4, 2), (5, 3), (6, 4), (8, 4), (50, 4)])
def test_folds_are_as_many_as_the_images_allow(count: int, folds: int) -> None:
    picked = pick_protocol(made_up(count), is_grouped=False)
    assert picked == {"name": "nested", "folds": folds, "inner_folds": folds, "repeats": 1}


@pytest.mark.parametrize(
    ("count", "epochs", "size"),
    [(4, 30, 8), (20, 28, 8), (60, 12, 8), (99, 8, 8), (100, 14, 16), (204, 8, 16), (9000, 8, 16)],
)
def test_few_images_are_looked_at_more_often(count: int, epochs: int, size: int) -> None:
    assert pick_length(count) == {"epochs": epochs, "batch_size": size}


@pytest.mark.parametrize(("people", "folds"), [(2, 2), (3, 3), (9, 4)])
def test_groups_are_kept_on_one_side_in_as_many_folds_as_there_are_groups(people: int, folds: int) -> None:
    picked = pick_protocol(made_up(18, people=people), is_grouped=True)
    assert picked == {"name": "grouped", "folds": folds, "repeats": 1}


def test_parts_that_the_data_have_are_kept() -> None:
    samples = [*made_up(8, split="train"), *made_up(5, split="test")]
    assert pick_protocol(samples, is_grouped=False)["name"] == "holdout"


def test_a_class_with_too_few_images_is_refused_with_how_many_it_takes() -> None:
    samples = [*made_up(9), Sample(Path("c"), "c")]
    with pytest.raises(DataError, match=f"class 'c' has 1 usable image; .* at least {FEWEST} of each class"):
        pick_protocol(samples, is_grouped=False)


def test_one_person_can_not_be_kept_on_one_side() -> None:
    with pytest.raises(DataError, match="there are 1 groups; 2 folds"):
        pick_protocol(made_up(9, people=1), is_grouped=True)
