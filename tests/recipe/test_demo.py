"""Any recipe becomes one on drawn faces; a malformed one stays malformed, for the checks to report."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.errors import RecipeError
from ferkit.recipe.demo import cut_down
from ferkit.recipe.load import load_recipe
from ferkit.recipe.parse import dump_recipe

RECIPE = """
name = "own"
[data]
name = "image_folder"
root = "nowhere"
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "own.toml"
    file.write_text(RECIPE)
    return file


def test_data_epochs_and_repeats_are_cut_down_and_absent_weights_left_out(recipe: Path) -> None:
    warnings: list[str] = []
    changed, _ = load_recipe(str(recipe), change=cut_down(warnings))
    assert (changed.name, changed.data.name, changed.protocol.repeats) == ("own-demo", "synthetic", 1)
    assert changed.fit.epochs == 3
    assert changed.model.backbone.options == {"weights": "none"}
    assert "mean nothing about real faces" in warnings[0].replace("\n", " ")
    assert "The weights 'vggface2' are not here" in warnings[1]


def test_fewer_epochs_than_a_demonstrations_stay(recipe: Path) -> None:
    assert load_recipe(str(recipe), ["fit.epochs=1"], change=cut_down([]))[0].fit.epochs == 1


def test_the_recipe_as_resolved_still_says_that_it_is_a_demonstration(recipe: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.toml"
    again.write_text(dump_recipe(*load_recipe(str(recipe), change=cut_down([]))))
    assert load_recipe(str(again))[0].description.startswith("Demonstration on generated faces.")


@pytest.mark.parametrize(
    ("override", "where"),
    [
        ('model.backbone="resnet18"', "model.backbone"),
        ("model=3", "model"),
        ('fit="x"', "fit"),
        ('fit.epochs="10"', "fit.epochs"),
        ("protocol=3", "protocol"),
        ("name=3", "name"),
    ],
)
def test_what_is_malformed_is_reported_as_ever(recipe: Path, override: str, where: str) -> None:
    with pytest.raises(RecipeError) as raised:
        load_recipe(str(recipe), [override], change=cut_down([]))
    assert where in [problem.where for problem in raised.value.problems]


def test_misspelt_weights_are_reported_with_all_the_rest(recipe: Path) -> None:
    overrides = ['model.backbone={name="inception_resnet_v1", weights="vggface"}', "fit.epoch=3"]
    with pytest.raises(RecipeError) as raised:
        load_recipe(str(recipe), overrides, change=cut_down([]))
    assert {problem.where for problem in raised.value.problems} == {"model.backbone.weights", "fit.epoch"}


def test_an_estimators_data_and_epochs_are_cut_down_too(recipe: Path) -> None:
    source = '{name="squares", root="nowhere"}'
    overrides = [
        'plugins=["tests.plugins_for_tests.tiny_plugin"]',
        f'estimator={{name="telling", epochs=50, source={source}}}',
    ]
    changed, _ = load_recipe(str(recipe), overrides, change=cut_down([]))
    assert changed.estimator
    assert changed.estimator.options["epochs"] == 3
    # Not the faces that are tested.
    assert changed.estimator.options["source"] == {"name": "synthetic", "per_class": 20, "seed": 1}
    assert changed.data.options == {"per_class": 20}
