"""A data set as a CSV list."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ferkit_datasets.manifest import Manifest

from ferkit.data.manifest import data_root, format_manifest, list_entries
from ferkit.errors import DataError, RecipeError
from ferkit.interfaces import Sample
from ferkit.recipe.load import load_recipe

LIST = """\
path,label,split,groups,sha256
b/2.png,joy,Training,"{""person"": ""7""}",
a/1.png,fear,val,,
a/3.png,joy,test,,
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for name in ("a/1.png", "b/2.png", "a/3.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    file = tmp_path / "list.csv"
    file.write_text(LIST)
    return file


def test_a_row_is_a_image_with_its_label_groups_and_part_in_the_lists_order(file: Path) -> None:
    assert Manifest(file).problems() == []
    assert Manifest(file).samples() == [
        Sample(file.parent / "b/2.png", "joy", {"person": "7"}, "train"),
        Sample(file.parent / "a/1.png", "fear", {}, "validation"),
        Sample(file.parent / "a/3.png", "joy", {}, "test"),
    ]


def test_the_list_may_lie_elsewhere_than_the_images(file: Path, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    moved = file.rename(tmp_path / "lists" / "list.csv")
    assert Manifest(moved, root=tmp_path).samples()[0].path == tmp_path / "b/2.png"
    assert "lacks 3 of the 3 images" in Manifest(moved).problems()[0]


def test_further_columns_can_be_groups(file: Path) -> None:
    file.write_text("path,label,gender,age\nb/2.png,joy,male,30\na/1.png,fear,,40\na/3.png,joy,female,50\n")
    samples = Manifest(file, groups=("gender",)).samples()
    assert [one.groups for one in samples] == [{"gender": "male"}, {}, {"gender": "female"}]
    assert [one.groups for one in Manifest(file).samples()] == [{}, {}, {}]
    (problem,) = Manifest(file, groups=("gendr",)).problems()
    assert "no further column 'gendr'" in problem
    assert "'gender'" in problem


def test_what_ferkit_lists_of_it_is_the_list_again(file: Path) -> None:
    dataset = Manifest(file)
    first = format_manifest(list_entries(dataset.samples(), root=data_root(dataset)))
    file.write_text(first)
    assert format_manifest(list_entries(dataset.samples(), root=data_root(dataset))) == first
    assert first.splitlines()[1].startswith("a/1.png,fear,validation,,e3b0c442")


def test_a_image_whose_name_is_no_utf8_is_found(file: Path) -> None:
    odd = Path(os.fsdecode(b"caf\xe9.png"))
    (file.parent / odd).touch()
    file.write_bytes(b"path,label\na/1.png,joy\ncaf\xe9.png,fear\n")
    assert Manifest(file).samples()[1].path == file.parent / odd
    (file.parent / odd).unlink()
    (problem,) = Manifest(file).problems()
    assert r"caf\xe9.png" in problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("file,label\na/1.png,joy\n", "has no column path"),
        (LIST + "a/1.png,joy,test,,\n", r"lists a/1\.png more than once"),
        (LIST.replace("val", "dev"), "line 3: expected a split of train, validation, test"),
        (LIST.replace(",val", ","), r"has a split for some images, but none for a/1\.png"),
        (LIST.replace("fear", "joy"), "has one class only, 'joy'"),
        (LIST.replace("a/1", "/a/1"), r"lists /a/1\.png\. Paths must be below the folder"),
        (LIST.replace("a/1", "../a/1"), r"lists \.\./a/1\.png\. Paths must be below the folder"),
        (LIST.replace("a/1", "a/9"), r"lacks 1 of the 3 images that .*list\.csv lists: a/9\.png"),
    ],
)
def test_what_is_wrong_with_a_list_is_told(file: Path, text: str, problem: str) -> None:
    file.write_text(text)
    with pytest.raises(DataError, match=problem):
        Manifest(file).samples()


def test_many_missing_images_are_counted_and_the_first_named(file: Path) -> None:
    rows = "".join(f"c/{number}.png,joy,test,,\n" for number in range(500))
    file.write_text(LIST + rows)
    (problem,) = Manifest(file).problems()
    assert "lacks 500 of the 503 images" in problem
    assert "c/0.png, c/1.png, c/2.png and 497 others. Restore them" in problem


def test_a_list_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    (problem,) = Manifest(tmp_path / "none.csv").problems()
    assert problem.startswith(f"there is no file {tmp_path / 'none.csv'}. Expected a CSV list")
    assert "ferkit data manifest" in problem


def test_each_problem_of_a_list_is_a_problem_of_the_recipe(file: Path) -> None:
    file.write_text("path,label,split\na/1.png,,dev\n")
    recipe = file.with_name("own.toml")
    recipe.write_text(
        f'name = "own"\nplugins = ["ferkit_datasets"]\n[data]\nname = "manifest"\nfile = "{file}"\n'
    )
    with pytest.raises(RecipeError) as raised:
        load_recipe(str(recipe))
    assert [problem.where for problem in raised.value.problems] == ["data", "data"]
