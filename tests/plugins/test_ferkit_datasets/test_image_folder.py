"""Class folders: classes, labels, splits and errors."""

from __future__ import annotations

import os
import shlex
import tomllib
import unicodedata
from pathlib import Path

import pytest
from ferkit_datasets.image_folder.dataset import ImageFolder
from ferkit_datasets.image_folder.labels import SPELLINGS

from ferkit.errors import DataError
from ferkit.interfaces import CANONICAL_LABELS


def fill(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return fill(tmp_path, "Happy/1.jpg", "Happy/deep/2.PNG", "sadness/3.webp", "wink/4.tif")


def test_known_spellings_get_canonical_labels_and_others_their_own_name(root: Path) -> None:
    samples = ImageFolder(root).samples()
    assert [(one.path.name, one.label) for one in samples] == [
        ("1.jpg", "happiness"),
        ("2.PNG", "happiness"),
        ("3.webp", "sadness"),
        ("4.tif", "wink"),
    ]


def test_every_spelling_leads_to_a_canonical_label_and_every_one_is_reached() -> None:
    assert set(SPELLINGS.values()) == set(CANONICAL_LABELS)


def test_what_is_no_image_or_hidden_is_passed_over(root: Path) -> None:
    fill(root, "Happy/notes.txt", "Happy/.hidden.jpg", "Happy/.thumbnails/1.jpg", ".cache/5.jpg", "loose.jpg")
    assert len(ImageFolder(root).samples()) == 4


def test_linked_folders_are_gone_into_above_and_below_the_classes(root: Path, tmp_path: Path) -> None:
    fill(tmp_path / ".far", "deep/5.jpg", "6.png")
    (root / "Happy" / "more").symlink_to(tmp_path / ".far")
    (root / "sad").symlink_to(tmp_path / ".far" / "deep")
    (root / "wink" / "loop").symlink_to(".")
    found = [(str(one.path.relative_to(root)), one.label) for one in ImageFolder(root).samples()]
    assert found == [
        ("Happy/1.jpg", "happiness"),
        ("Happy/deep/2.PNG", "happiness"),
        ("Happy/more/6.png", "happiness"),
        ("Happy/more/deep/5.jpg", "happiness"),
        ("sad/5.jpg", "sadness"),
        ("sadness/3.webp", "sadness"),
        ("wink/4.tif", "wink"),
    ]


def test_a_folder_that_can_not_be_listed_is_a_problem(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    (problem,) = ImageFolder(root).problems()
    assert problem == f"the folder {root / 'Happy' / 'deep'} can't be listed: Permission denied"


def test_a_map_names_each_folder_and_leaves_some_out(root: Path) -> None:
    labels = {"Happy": "joyful", "sadness": "sadness", "wink": ""}
    assert {one.label for one in ImageFolder(root, label_map=labels).samples()} == {"joyful", "sadness"}


def test_folders_of_one_label_are_one_class(root: Path) -> None:
    labels = {"Happy": "happiness", "sadness": "sadness", "wink": "happiness"}
    samples = ImageFolder(root, label_map=labels).samples()
    assert [one.label for one in samples].count("happiness") == 3


def test_groups_are_the_named_parts_of_a_files_name(tmp_path: Path) -> None:
    fill(tmp_path, "a/007_03.jpg", "b/odd.jpg")
    samples = ImageFolder(tmp_path, group_pattern=r"(?P<person>\d+)_(?P<take>\d+)").samples()
    assert [dict(one.groups) for one in samples] == [{"person": "007", "take": "03"}, {}]


def test_a_pattern_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"group_pattern: '\(' is not a regular expression"):
        ImageFolder(tmp_path, group_pattern="(")


def test_a_missing_root_shows_the_layout(tmp_path: Path) -> None:
    (problem,) = ImageFolder(tmp_path / "none").problems()
    assert problem.startswith(f"there is no folder {tmp_path / 'none'}")
    assert "/happy/*.jpg" in problem


@pytest.mark.parametrize(
    ("files", "label_map", "problems"),
    [
        (["a/1.jpg"], None, ["needs folders of at least two classes, got: a"]),
        ([], None, ["needs folders of at least two classes, got: none"]),
        (["a/1.jpg", "happy/1.jpg", "joy/notes.txt"], None, ["""--set 'data.label_map={ "joy" = "" }'"""]),
        (["a/1.jpg", "b/1.jpg"], {"a": "x"}, ["label_map has no label for the folder 'b'"]),
        (
            ["a/1.jpg", "b/1.jpg"],
            {"a": "x", "b": "y", "c": "z"},
            ["label_map has 'c', but", "has no such folder"],
        ),
        (["a/1.jpg", "b/1.jpg"], {"a": "Angry", "b": "y"}, ["write 'anger' instead of 'Angry'"]),
    ],
)
def test_what_is_wrong_is_told_before_a_image_is_opened(
    tmp_path: Path, files: list[str], label_map: dict[str, str] | None, problems: list[str]
) -> None:
    folder = ImageFolder(fill(tmp_path, *files), label_map=label_map)
    text = "\n".join(folder.problems())
    assert all(problem in text for problem in problems), text
    with pytest.raises(DataError):
        folder.samples()


PARTED = {"train": "Train", "validation": "Val", "test": "Test"}


@pytest.fixture
def parted(tmp_path: Path) -> Path:
    names = [f"{part}/{label}/{part}.jpg" for part in ("Train", "Val", "Test") for label in ("Happy", "Sad")]
    return fill(tmp_path, *names)


def test_parts_have_the_class_folders_below_them(parted: Path) -> None:
    samples = ImageFolder(parted, splits=dict(reversed(PARTED.items()))).samples()
    assert [(one.path.name, one.split, one.label) for one in samples] == [
        (f"{folder}.jpg", part, label)
        for part, folder in PARTED.items()
        for label in ("happiness", "sadness")
    ]


def test_a_part_may_be_left_out_and_its_folder_lie_deeper(parted: Path) -> None:
    (parted / "aligned").mkdir()
    (parted / "Val").rename(parted / "aligned" / "Val")
    samples = ImageFolder(parted, splits={"train": "Train", "test": "aligned/Val"}).samples()
    assert {(one.split, one.path.name) for one in samples} == {("train", "Train.jpg"), ("test", "Val.jpg")}


def test_without_splits_a_image_is_of_no_part(root: Path) -> None:
    assert {one.split for one in ImageFolder(root).samples()} == {""}


@pytest.mark.parametrize(
    ("splits", "problem"),
    [
        ({"train": "Train", "test": "Tets"}, r"splits: there is no folder .*/Tets for test\. .*'Test'"),
        ({"train": "Train", "val": "Val"}, "unknown split 'val'.*train.*validation"),
        ({"train": "Train", "test": "Train"}, "the folders of train and test hold the same images"),
        ({"train": ".", "test": "Test"}, "the folders of train and test hold the same images"),
        ({}, "splits names no split"),
    ],
)
def test_parts_that_can_not_be_are_told(parted: Path, splits: dict[str, str], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        ImageFolder(parted, splits=splits).samples()


def test_all_missing_parts_are_told_at_once(tmp_path: Path) -> None:
    assert len(ImageFolder(tmp_path, splits=PARTED).problems()) == 3


def test_a_class_that_a_part_lacks_is_named_with_the_part(parted: Path) -> None:
    fill(parted, "Train/Fear/1.jpg", "Val/Fear/1.jpg")
    (problem,) = ImageFolder(parted, splits=PARTED).problems()
    assert problem.startswith("splits: test has no folder of the class fear")


def test_a_part_may_spell_a_class_in_its_own_way(parted: Path) -> None:
    (parted / "Test" / "Happy").rename(parted / "Test" / "joy")
    assert ImageFolder(parted, splits=PARTED).problems() == []


def test_an_empty_class_of_a_part_is_told_with_its_folder(parted: Path) -> None:
    (parted / "Val" / "Sad" / "Val.jpg").unlink()
    (problem,) = ImageFolder(parted, splits=PARTED).problems()
    assert f"class folder {parted / 'Val' / 'Sad'} has no image" in problem


def test_a_map_is_of_all_parts_together(parted: Path) -> None:
    fill(parted, "Test/Odd/1.jpg")
    labels = {"Happy": "happiness", "Sad": "sadness"}
    (problem,) = ImageFolder(parted, label_map=labels, splits=PARTED).problems()
    assert problem.startswith("label_map has no label for the folder 'Odd'")
    assert len(ImageFolder(parted, label_map={**labels, "Odd": ""}, splits=PARTED).samples()) == 6


def test_folders_that_the_map_names_are_classes_whatever_they_are_called(parted: Path) -> None:
    assert ImageFolder(parted, label_map={"Test": "a", "Train": "b", "Val": "c"}).problems() == []


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (("Train", "Val", "Test"), ("train", "validation", "test")),
        (("Training", "PublicTest", "PrivateTest"), ("train", "validation", "test")),
        (("train", "dev", "test"), ("train", "validation", "test")),
        (("train_set", "val_set"), ("train", "test")),
        (("training data", "testing-images"), ("train", "test")),
    ],
)
def test_folders_with_usual_names_of_splits_are_splits(
    tmp_path: Path, folders: tuple[str, ...], splits: tuple[str, ...]
) -> None:
    fill(tmp_path, *(f"{folder}/{label}/1.jpg" for folder in folders for label in ("happy", "sad")))
    samples = ImageFolder(tmp_path).samples()
    found = {one.path.parts[-3]: one.split for one in samples}
    assert [found[folder] for folder in folders] == list(splits)
    assert {one.label for one in samples} == {"happiness", "sadness"}


def test_folders_with_the_same_class_folders_are_no_classes_and_the_advice_works(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{one}/{label}/1.jpg" for one in ("train", "fold7") for label in ("happy", "sad")))
    (problem,) = ImageFolder(tmp_path).problems()
    advice = problem.partition("set ")[2].partition(". If")[0]
    assert {one.split for one in ImageFolder(tmp_path, **tomllib.loads(advice)).samples()} == {
        "train",
        "validation",
    }


@pytest.mark.parametrize("name", ["empty", "it's empty", 'an "empty" one'])
def test_the_advice_to_drop_an_empty_class_works(root: Path, name: str) -> None:
    (root / name).mkdir()
    (problem,) = ImageFolder(root).problems()
    in_recipe, _, in_shell = problem.partition("label_map = ")[2].partition(" in a recipe, or --set ")
    (option,) = shlex.split(in_shell)
    for value in (in_recipe, option.removeprefix("data.label_map=")):
        advice = tomllib.loads(f"label_map = {value}")
        found = ImageFolder(root, **advice).samples()
        assert {one.label for one in found} == {"happiness", "sadness", "wink"}


def test_names_are_compared_in_one_unicode_form(tmp_path: Path) -> None:
    fill(tmp_path, f"{unicodedata.normalize('NFD', 'très')}/1.jpg", "sad/1.jpg")
    labels = {unicodedata.normalize("NFC", "très"): "happiness", "sad": "sadness"}
    assert {one.label for one in ImageFolder(tmp_path, labels).samples()} == {"happiness", "sadness"}
    assert unicodedata.normalize("NFC", "très") in {one.label for one in ImageFolder(tmp_path).samples()}


def test_folders_that_are_merged_are_named_with_their_counts(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(root, "joy/5.jpg")
    ImageFolder(root).samples()
    assert "Happy (2) and joy (1)" in caplog.text
    assert "'happiness'" in caplog.text


def test_files_that_are_no_samples_are_counted_by_reason(root: Path) -> None:
    fill(root, "Happy/notes.txt", "Happy/clip.mov", "Happy/Thumbs.db", "loose.jpg")
    data = ImageFolder(root)
    data.samples()
    assert data.left_out == {
        "outside the class folders": 1,
        "not an image (.mov)": 1,
        "not an image (.txt)": 1,
    }


@pytest.mark.parametrize("suffix", ["avif", "gif", "jfif", "pgm", "HEIC", "jp2", "mpo", "tga"])
def test_every_kind_of_image_is_a_sample(root: Path, suffix: str) -> None:
    fill(root, f"Happy/odd.{suffix}")
    assert root / "Happy" / f"odd.{suffix}" in {one.path for one in ImageFolder(root).samples()}
