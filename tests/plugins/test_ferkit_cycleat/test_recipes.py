"""The recipes of row 3: no problems, and the values that their comments state."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferkit_cycleat.adversarial import patch_side
from ferkit_cycleat.cycleat import CycleATEstimator

from ferkit.components.build import build
from ferkit.errors import RecipeError
from ferkit.experiment.summary import describe_idle
from ferkit.recipe.load import load_recipe
from ferkit.recipe.parts import uses_network
from tests.plugins.test_ferkit_cycleat.domains import LABELS, crop

NAMED = ['plugins=["ferkit_cycleat"]']


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of images that a check looks at and doesn't open."""
    for name in ("sfew", "lab_posed"):
        for label in ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"):
            (tmp_path / name / label).mkdir(parents=True)
            (tmp_path / name / label / "Film_001234567_00000012.png").touch()
    monkeypatch.setenv("FERKIT_DATA", str(tmp_path))


@pytest.mark.parametrize(("name", "patch"), [("sfew_cycleat", 70), ("sfew_cycleat_small", 34)])
def test_each_recipe_builds_the_patches_that_it_tells_of(name: str, patch: int, tmp_path: Path) -> None:
    recipe, registry = load_recipe(name, NAMED)
    assert recipe.estimator is not None
    context = {"labels": LABELS, "seed": 0, "crop": crop, "state_file": tmp_path / "state.pt"}
    estimator = build(registry, "estimator", recipe.estimator, **context)
    assert isinstance(estimator, CycleATEstimator)
    assert patch_side(estimator.options.halvings) == patch
    assert estimator.options.mode == "attention"


@pytest.mark.parametrize(
    ("option", "model", "message"),
    [
        ("network", "", "its options use a network, but the recipe has no"),
        ("small", "model.image_size=64", "does not use"),
    ],
)
def test_classifier_and_model_of_a_recipe_must_agree(option: str, model: str, message: str) -> None:
    given = [*NAMED, f"estimator.classifier={option}", *([model] if model else [])]
    with pytest.raises(RecipeError, match=rf"model: .*{message}"):
        load_recipe("sfew_cycleat_small", given)


@pytest.mark.parametrize("ending", ["", "_gan", "_source_only"])
def test_recipes_with_real_faces_classify_by_the_bundled_model(ending: str, tmp_path: Path) -> None:
    (tmp_path / "ferplus").mkdir()
    for name in ("fer2013new.csv", "fer2013.csv"):
        (tmp_path / "ferplus" / name).touch()
    recipe, registry = load_recipe(f"recipes/measured/sfew_cycleat_ferplus{ending}.toml", NAMED)
    assert recipe.estimator is not None
    assert recipe.estimator.options["mode"] == (ending.removeprefix("_") or "attention")
    assert recipe.estimator.options["source_detector"] == {"name": "whole_image"}
    assert uses_network(recipe, registry)
    assert recipe.model.initial is not None
    assert recipe.model.initial.stem == "default"
    assert describe_idle(recipe, registry) == []
    idle, _ = load_recipe(f"recipes/measured/sfew_cycleat_ferplus{ending}.toml", [*NAMED, "fit.epochs=3"])
    assert "does not use [fit]" in describe_idle(idle, registry)[0]


@pytest.mark.parametrize("mode", ["source_only", "gan"])
def test_the_ablations_are_selected_as_the_recipe_says(mode: str) -> None:
    recipe, _ = load_recipe("sfew_cycleat", [*NAMED, f"estimator.mode={mode}"])
    assert recipe.estimator is not None
    assert recipe.estimator.options["mode"] == mode
