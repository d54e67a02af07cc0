"""What `ferkit data` and `ferkit audit` are pointed at."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.errors import DataError, RecipeError
from ferkit.recipe.target import load_target, without_manifest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for label in ("happy", "sad"):
        (tmp_path / "my photos" / label).mkdir(parents=True)
        (tmp_path / "my photos" / label / "1.png").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "my photos"


def test_a_folder_is_one_of_class_folders(folder: Path) -> None:
    recipe, _, is_recipe = load_target(str(folder))
    assert (recipe.name, recipe.data.name, is_recipe) == ("my_photos", "image_folder", False)
    assert recipe.data.options == {"root": str(folder)}


def test_a_folder_whose_name_has_no_letter_can_be_one_too(folder: Path) -> None:
    other = folder.rename(folder.with_name("…"))
    assert load_target(str(other))[0].name == "images"


def test_a_folder_goes_before_a_recipe_of_its_name(folder: Path) -> None:
    folder.rename(folder.with_name("quickstart"))
    assert load_target("quickstart")[0].data.name == "image_folder"


def test_a_recipe_is_taken_by_its_file_or_its_shipped_name(tmp_path: Path) -> None:
    recipe, _, is_recipe = load_target("quickstart", ["data.per_class=3"])
    assert (recipe.data.name, recipe.data.options["per_class"], is_recipe) == ("synthetic", 3, True)
    file = tmp_path / "own.toml"
    file.write_text('name = "own"\ndata = { name = "synthetic" }')
    assert load_target(str(file))[0].name == "own"


def test_a_list_is_taken_by_its_file(folder: Path) -> None:
    file = folder / "list.csv"
    file.write_text("path,label\nhappy/1.png,joy\nsad/1.png,grief\n")
    recipe, _, is_recipe = load_target(str(file), ['plugins=["ferkit_datasets"]'])
    assert (recipe.data.name, recipe.data.options, is_recipe) == ("manifest", {"file": str(file)}, False)


def test_a_data_set_is_taken_by_its_name_and_options(folder: Path) -> None:
    recipe, _, is_recipe = load_target("image_folder", [f'data.root="{folder}"'])
    assert (recipe.data.name, is_recipe) == ("image_folder", False)
    with pytest.raises(RecipeError, match="root"):
        load_target("image_folder")


def test_what_is_none_of_these_is_told_what_may_be_given() -> None:
    with pytest.raises(DataError, match=r"'nowhere' is no recipe, no folder.*image_folder.*sfew"):
        load_target("nowhere")


def test_a_manifest_that_is_still_to_be_made_is_no_problem(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('name = "own"\ndata = { name = "synthetic" }\nmanifest = { file = "later.csv" }')
    with pytest.raises(RecipeError, match=r"later\.csv"):
        load_target(str(file))
    assert load_target(str(file), change=without_manifest)[0].manifest is None
