"""The key `extends`: merged tables, and the errors of missing, broken and circular recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli_w

from ferkit.errors import RecipeError
from ferkit.recipe.extends import DEEPEST, read_chain, read_table
from ferkit.recipe.load import load_recipe
from ferkit.recipe.parse import resolve

BASE: dict[str, Any] = {
    "name": "base",
    "description": "The base.",
    "data": {"name": "csv", "file": "a.csv"},
    "model": {"image_size": 160, "backbone": {"name": "timm", "model": "resnet18"}},
    "augment": [{"name": "HorizontalFlip", "p": 0.5}, {"name": "Blur"}],
    "fit": {"epochs": 7, "optimizer": {"lr": 0.01}, "schedule": {"name": "step", "every": 3}},
}


def write(folder: Path, name: str, table: dict[str, Any]) -> str:
    file = folder / name
    file.write_text(tomli_w.dumps(table), encoding="utf-8")
    return str(file)


def extend(folder: Path, **keys: Any) -> dict[str, Any]:
    write(folder, "base.toml", BASE)
    return read_table(write(folder, "child.toml", {"name": "child", "extends": "base.toml", **keys}))


def test_tables_are_merged_key_by_key_and_lists_replaced(tmp_path: Path) -> None:
    table = extend(tmp_path, fit={"epochs": 2}, augment=[{"name": "Blur"}])
    assert table["fit"] == {**BASE["fit"], "epochs": 2}
    assert table["augment"] == [{"name": "Blur"}]
    assert table["data"] == BASE["data"]
    assert "extends" not in table


def test_a_component_with_another_name_is_replaced_with_its_options(tmp_path: Path) -> None:
    table = extend(tmp_path, fit={"schedule": {"name": "cosine"}}, model={"backbone": {"model": "resnet50"}})
    assert table["fit"]["schedule"] == {"name": "cosine"}
    assert table["model"] == {"image_size": 160, "backbone": {"name": "timm", "model": "resnet50"}}


@pytest.mark.parametrize(
    ("name", "expected"), [("adam", {"name": "adam", "lr": 0.01}), ("sgd", {"name": "sgd"})]
)
def test_a_name_that_the_base_does_not_state_is_the_default(
    tmp_path: Path, name: str, expected: dict[str, Any]
) -> None:
    assert extend(tmp_path, fit={"optimizer": {"name": name}})["fit"]["optimizer"] == expected


def test_name_and_description_are_not_inherited(tmp_path: Path) -> None:
    assert "description" not in extend(tmp_path)
    write(tmp_path, "base.toml", BASE)
    with pytest.raises(RecipeError, match="name"):
        load_recipe(write(tmp_path, "child.toml", {"extends": "base.toml"}))


def test_a_path_is_relative_to_the_recipes_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    write(tmp_path, "base.toml", BASE)
    file = write(tmp_path / "inner", "child.toml", {"name": "child", "extends": "../base.toml"})
    monkeypatch.chdir(tmp_path / "inner")
    assert read_table(file)["fit"] == BASE["fit"]


def test_a_chain_ends_at_a_bundled_recipe_and_the_resolved_recipe_has_no_extends(tmp_path: Path) -> None:
    write(tmp_path, "one.toml", {"name": "one", "extends": "sfew_svm", "estimator": {"image_size": 96}})
    data = {"root": str(tmp_path)}
    file = write(tmp_path, "two.toml", {"name": "two", "extends": "one.toml", "data": data})
    names = [path.stem for path, _ in read_chain(file)]
    assert names == ["two", "one", "sfew_svm"]
    table = read_table(file)
    assert table["estimator"]["image_size"] == 96
    assert table["estimator"]["variance"] == 0.98
    assert table["data"] == {"name": "sfew", "root": str(tmp_path)}


def test_a_loaded_recipe_is_merged(tmp_path: Path) -> None:
    write(tmp_path, "base.toml", {"name": "base", "data": {"name": "synthetic"}, "fit": {"epochs": 7}})
    file = write(tmp_path, "child.toml", {"name": "child", "extends": "base.toml", "fit": {"batch_size": 4}})
    recipe, registry = load_recipe(file, ["fit.epochs=2"])
    assert (recipe.name, recipe.fit.epochs, recipe.fit.batch_size) == ("child", 2, 4)
    assert "extends" not in resolve(recipe, registry)


def test_a_circle_is_refused_and_shown(tmp_path: Path) -> None:
    write(tmp_path, "a.toml", {"name": "a", "extends": "b.toml"})
    file = write(tmp_path, "b.toml", {"name": "b", "extends": "a.toml"})
    with pytest.raises(RecipeError, match=r"circle.*b\.toml -> .*a\.toml -> .*b\.toml"):
        read_table(file)


def test_a_recipe_that_extends_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="circle"):
        read_table(write(tmp_path, "a.toml", {"name": "a", "extends": "a.toml"}))


def test_a_chain_that_is_too_long_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "0.toml", BASE)
    files = [
        write(tmp_path, f"{place}.toml", {"name": "a", "extends": f"{place - 1}.toml"})
        for place in range(1, DEEPEST + 1)
    ]
    assert read_table(files[-2])["fit"] == BASE["fit"]
    with pytest.raises(RecipeError, match=f"at most {DEEPEST}"):
        read_table(files[-1])


def test_a_missing_base_suggests_a_bundled_recipe(tmp_path: Path) -> None:
    file = write(tmp_path, "a.toml", {"name": "a", "extends": "sfew_sv"})
    with pytest.raises(RecipeError, match=r"a\.toml extends 'sfew_sv'(.|\n)*sfew_svm"):
        read_table(file)


@pytest.mark.parametrize("text", ["name = ", "\xff"])
def test_a_broken_base_names_both_files(tmp_path: Path, text: str) -> None:
    (tmp_path / "base.toml").write_bytes(text.encode("latin-1"))
    file = write(tmp_path, "a.toml", {"name": "a", "extends": "base.toml"})
    with pytest.raises(RecipeError, match=r"base\.toml, which .*a\.toml extends"):
        read_table(file)


@pytest.mark.parametrize("value", [3, "", ["a", "b"], {"name": "a"}])
def test_a_base_that_is_no_name_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(RecipeError, match="extends: expected a file"):
        read_table(write(tmp_path, "a.toml", {"name": "a", "extends": value}))


def test_tables_that_are_nested_too_deep_are_refused_before_they_are_merged(tmp_path: Path) -> None:
    deep = f"{'.'.join(['a'] * 3000)} = 1\n"
    (tmp_path / "base.toml").write_text(deep)
    (tmp_path / "a.toml").write_text(f'extends = "base.toml"\n{deep}')
    with pytest.raises(RecipeError, match="levels"):
        read_table(str(tmp_path / "a.toml"))
