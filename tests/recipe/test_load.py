"""A TOML file -> a recipe ready to run, or all that is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from ferkit.errors import RecipeError
from ferkit.recipe.extends import read_table
from ferkit.recipe.load import load_recipe, read_parts
from ferkit.recipe.overrides import apply_overrides
from ferkit.recipe.parse import dump_recipe, expand_variables
from ferkit.recipe.schema import Recipe
from ferkit.runtime.shipped import find_recipe, shipped_recipes

RECIPE = """
name = "small"
plugins = ["tests.plugins_for_tests.parts_plugin"]
data = { name = "folder", root = "." }
detector = { name = "odd" }
loss = { name = "wrapped", epsilon = 0.1, base = { name = "counting" } }

[model]
backbone = { name = "pretrained" }
head = { name = "pooling", scale = [0, 1] }
output = { name = "anything" }

[[augment]]
name = "HorizontalFlip"
"""

FAULTY = """
name = "a recipe"
plugins = ["tests.plugins_for_tests.parts_plugin", "no_such_module"]
epochs = 3
data = { name = "folder", root = "nowhere" }
detector = { name = "hollow" }
loss = { name = "wrapped", base = { name = "counting", gamma = "${FERKIT_NOT_SET}" } }

[model]
image_sise = 96
backbone = { name = "pretrained", weights = "faces_2017" }
head = { name = "poolin" }
output = { name = "anything" }

[[augment]]
name = "HorizontlFlip"

[fit]
epochs = "3"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "small.toml"
    file.write_text(RECIPE)
    return file


def problems(source: Path | str, *overrides: str) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(source), overrides)
    assert str(caught.value).startswith(f"{source}: ")
    return [str(problem) for problem in caught.value.problems]


def test_a_file_becomes_a_recipe_and_the_components_it_names(file: Path) -> None:
    recipe, registry = load_recipe(str(file))
    assert recipe.model.head.options == {"scale": [0, 1]}
    assert registry.get("loss", "wrapped").summary == "A loss around another"


def test_all_that_is_wrong_is_told_at_once(file: Path) -> None:
    file.write_text(FAULTY)
    found = problems(file)
    assert sorted(problem.partition(": ")[0] for problem in found) == sorted(
        [
            "name",
            "plugins",
            "epochs",
            "data",
            "detector",
            "loss",
            "loss.base.gamma",
            "model.image_sise",
            "augment.0.name",
            "fit.epochs",
        ]
    )
    (plugin,) = (problem for problem in found if problem.startswith("plugins: "))
    assert "Unknown without it: weights 'faces_2017'" in plugin
    assert "head 'poolin' (or 'pooling'?)" in plugin


def test_a_module_of_the_recipe_that_is_broken_is_a_problem(file: Path) -> None:
    (problem,) = problems(file, 'plugins=["tests.plugins_for_tests.parts_plugin", "no_such_module"]')
    assert problem.startswith(
        "plugins: no_such_module (named by the recipe): it can't be imported: No module"
    )
    assert "Put no_such_module next to the recipe" in problem


def test_a_module_beside_where_ferkit_is_run_can_be_named(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_alone.py").write_text("from tests.plugins_for_tests.parts_plugin import *\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    load_recipe(str(file), ['plugins=["mine_alone"]'])


@pytest.mark.parametrize(
    ("override", "way", "value"),
    [
        ("fit.epochs=3", ["fit", "epochs"], 3),
        ("fit.optimizer.lr = 1e-3", ["fit", "optimizer", "lr"], 1e-3),
        ("model.backbone.weights=none", ["model", "backbone", "weights"], "none"),
        ('model.backbone.weights="none"', ["model", "backbone", "weights"], "none"),
        ("loss.name=focal=1", ["loss", "name"], "focal=1"),
        ("model.head.scale=[0.5, 1]", ["model", "head", "scale"], [0.5, 1]),
        ("protocol.new_folds=true", ["protocol", "new_folds"], True),
        ('fit.schedule={ name = "cosine" }', ["fit", "schedule"], {"name": "cosine"}),
        ("augment.0.p=0.2", ["augment", 0, "p"], 0.2),
        ("augment=[]", ["augment"], []),
        ("fit.device=cuda:1", ["fit", "device"], "cuda:1"),
        ("description=", ["description"], ""),
    ],
)
def test_an_override_sets_a_key(override: str, way: list[Any], value: Any) -> None:
    table: Any = {"augment": [{"name": "HorizontalFlip"}], "loss": {"name": "focal"}}
    assert apply_overrides(table, [override]) == []
    for step in way:
        table = table[step]
    assert table == value


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("fit.epochs", "--set fit.epochs: expected KEY=VALUE, with a key such as fit.epochs"),
        ("=3", "--set =3: expected KEY=VALUE"),
        ("fit..epochs=3", "--set fit..epochs=3: expected KEY=VALUE"),
        (
            "name.first=x",
            "--set name.first=x: expected a table with the key 'first', got \"a\" (a string)",
        ),
        ("augment.7.p=1", "--set augment.7.p=1: expected a position from 0 in a list of 1, got '7'"),
        ("augment.7=1", "--set augment.7=1: expected a position from 0 in a list of 1, got '7'"),
        ("augment.p=1", "--set augment.p=1: expected a position from 0 in a list of 1, got 'p'"),
    ],
)
def test_an_override_that_can_not_be_set_is_a_problem(override: str, problem: str) -> None:
    (found,) = apply_overrides({"name": "a", "augment": [{"name": "HorizontalFlip"}]}, [override])
    assert str(found).startswith(problem)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("fit.epochs=3\nplugins=['os']", "expected one value, got several lines of TOML"),
        ("fit.epochs=" + "[" * 5000, "nested too deep"),
    ],
)
def test_an_override_is_one_value_of_bounded_depth(override: str, expected: str) -> None:
    table: dict[str, Any] = {"name": "a"}
    (found,) = apply_overrides(table, [override])
    assert expected in found.message
    assert table == {"name": "a"}


def test_a_home_folder_of_nobody_is_a_missing_folder(file: Path) -> None:
    (problem,) = problems(file, "data.root=~no-such-user/images")
    assert "there is no folder ~no-such-user/images" in problem


def test_a_later_override_wins_and_all_are_checked(file: Path) -> None:
    assert load_recipe(str(file), ["fit.epochs=x", "fit.epochs=5"])[0].fit.epochs == 5
    assert [problem.partition(":")[0] for problem in problems(file, "fit.epochs=x", "b=1")] == [
        "fit.epochs",
        "b",
    ]


def test_variables_are_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERKIT_A", "images")
    found: list[Any] = []
    table = {"data": {"root": "${FERKIT_A}/sfew/${FERKIT_A}"}, "list": ["${FERKIT_A}", 3], "price": "$5 {x}"}
    assert expand_variables(table, found) == {
        "data": {"root": "images/sfew/images"},
        "list": ["images", 3],
        "price": "$5 {x}",
    }
    assert found == []


def test_a_variable_that_is_not_set_is_a_problem_with_the_way_out(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FERKIT_NOT_SET", raising=False)
    (variable,) = problems(file, "data.root=${FERKIT_NOT_SET}/sfew")
    assert variable.splitlines() == [
        "data.root: the environment variable FERKIT_NOT_SET is not set",
        "    Set it: export FERKIT_NOT_SET=...; or give the value: --set data.root=...",
    ]


def test_an_empty_variable_is_a_problem_and_not_the_root_of_the_disk(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERKIT_EMPTY", "")
    (variable,) = problems(file, "data.root=${FERKIT_EMPTY}/sfew")
    assert variable.startswith("data.root: the environment variable FERKIT_EMPTY is empty")


def test_a_variable_within_a_variable_hides_no_problem(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERKIT_INNER", "set")
    monkeypatch.setenv("FERKIT_OUTER", "${FERKIT_INNER}/nowhere")
    (problem,) = problems(file, "data.root=${FERKIT_OUTER}")
    assert "there is no folder ${FERKIT_INNER}/nowhere" in problem


def test_a_missing_folder_is_found_before_anything_is_read(file: Path) -> None:
    (problem,) = problems(file, "data.root=nowhere")
    assert problem == "data: there is no folder nowhere; ask its makers for the data"


def test_a_table_can_be_changed_before_it_is_checked(file: Path) -> None:
    recipe, _ = load_recipe(str(file), change=lambda table, registry: {**table, "name": "changed"})
    assert recipe.name == "changed"


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_what_is_dumped_loads_to_the_same_recipe(file: Path, tmp_path: Path, bom: str) -> None:
    overrides = ["paper={ row = 'Ünï', accuracy = 50 }", "fit.optimizer.head_lr=1"]
    recipe, registry = load_recipe(str(file), overrides)
    again = tmp_path / "again.toml"
    again.write_text(bom + dump_recipe(recipe, registry), encoding="utf-8")
    assert load_recipe(str(again))[0] == recipe


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_every_shipped_recipe_fits_the_schema_under_its_own_name(name: str) -> None:
    recipe = Recipe.model_validate(read_table(name), strict=False)
    assert recipe.name == name
    assert recipe.description


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"name = ", "recipe: is no valid TOML: Invalid value (at end of document)"),
        (b"name = 'a'\n\nfit = {\n", "recipe: is no valid TOML: "),
        (b"a = 1\na = 2\n", "recipe: is no valid TOML: Cannot overwrite a value (at line 2"),
        (b"name = '\xff'", "recipe: can't be read: 'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_a_file_that_is_no_toml_says_where(file: Path, content: bytes, expected: str) -> None:
    file.write_bytes(content)
    (problem,) = problems(file)
    assert problem.startswith(expected)


@pytest.mark.parametrize("value", ["3.5", "[1]", "'x'", "true", "0"])
def test_a_grid_that_is_no_table_is_one_problem(file: Path, value: str) -> None:
    (problem,) = problems(file, f"grid={value}")
    assert problem.startswith("grid: expected a table")


def test_parts_that_can_not_be_read_name_the_command_that_tells_why(tmp_path: Path) -> None:
    file = tmp_path / "my recipe.toml"
    file.write_text("grid = 3")
    with pytest.raises(RecipeError, match=f"ferkit check '{file}' lists its problems"):
        read_parts(str(file))


def test_a_recipe_that_is_not_there_suggests_the_closest_shipped_one(tmp_path: Path) -> None:
    (problem,) = problems("quikstart")
    assert problem.startswith(
        "recipe: there is no such file\n    Give a TOML file, or the name of a bundled recipe"
    )
    assert "Did you mean 'quickstart'? There are " in problem
    assert problems(tmp_path)[0].startswith("recipe: it is a folder")


def test_a_file_goes_before_a_shipped_recipe_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_recipe("quickstart") == shipped_recipes()["quickstart"]
    Path("quickstart").write_text(RECIPE)
    assert find_recipe("quickstart") == Path("quickstart")


def test_a_recipe_mixes_providers_of_augmentations(file: Path) -> None:
    steps = (
        '[{name="HorizontalFlip"}, {name="torchvision", transform="RandAugment"}, '
        '{name="kornia", transform="RandomInvert", p=0.5}, {name="cutout", size=4}]'
    )
    recipe, _ = load_recipe(str(file), [f"augment={steps}"])
    assert [part.name for part in recipe.augment] == ["HorizontalFlip", "torchvision", "kornia", "cutout"]
    wrong = (
        '[{name="kornia"}, {name="cutout", size="4"}, {name="torchvision", transform="Pad", padding=3, x=1}]'
    )
    found = [problem.partition(": ")[0] for problem in problems(file, f"augment={wrong}")]
    assert sorted(found) == ["augment.0", "augment.1.size", "augment.2.name", "augment.2.x"]


def test_steps_of_the_grid_are_checked(file: Path) -> None:
    protocol = 'protocol={name="nested"}'
    (problem,) = problems(file, protocol, 'grid={"augment.0.p"=[0.5, 3]}')
    assert problem.startswith("augment.0.p (grid: augment.0.p = 3): HorizontalFlip rejects 3")
