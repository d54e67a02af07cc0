"""The recipes of row 3: no problems, and the values that their comments state."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferkit_cycleat.adversarial import patch_side
from ferkit_cycleat.cycleat import CycleATEstimator

from ferkit.components.build import build
from ferkit.recipe.load import load_recipe
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


@pytest.mark.parametrize("mode", ["source_only", "gan"])
def test_the_ablations_are_selected_as_the_recipe_says(mode: str) -> None:
    recipe, _ = load_recipe("sfew_cycleat", [*NAMED, f"estimator.mode={mode}"])
    assert recipe.estimator is not None
    assert recipe.estimator.options["mode"] == mode
