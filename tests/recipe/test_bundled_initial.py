"""`model.initial = "default"`, and stages of an estimator that the network does not have."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ferkit.errors import RecipeError
from ferkit.recipe.load import load_recipe
from ferkit.recipe.parse import dump_recipe
from ferkit.runtime.shipped import MODELS, bundled_model


def test_the_bundled_model_is_found_by_name_and_stored_by_name() -> None:
    data = 'data={name="synthetic"}'
    recipe, registry = load_recipe("sfew_kernels", [data])
    assert recipe.model.initial == MODELS / "default.safetensors"
    assert tomllib.loads(dump_recipe(recipe, registry))["model"]["initial"] == "default"


def test_a_file_with_the_name_of_a_bundled_model_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bundled_model("default")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "default").write_bytes(b"")
    assert bundled_model("default") is None
    assert bundled_model("../models/default") is None


def test_a_stage_that_the_network_does_not_have_is_a_problem_of_the_recipe() -> None:
    with pytest.raises(RecipeError, match=r"estimator\.stages.*'mixed_7a'"):
        load_recipe("sfew_kernels", ['data={name="synthetic"}', 'estimator.stages=["mixed_7a"]'])
