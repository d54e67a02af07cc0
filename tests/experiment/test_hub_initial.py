"""A recipe, and a fine-tuning, that start from a model on the Hub."""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from ferkit.cli.check import check
from ferkit.errors import RecipeError, RunError
from ferkit.experiment.finetune.plan import FinetuneOptions, make_plan
from ferkit.experiment.hub_initial import download_initial, find_initial
from ferkit.experiment.request import make_request
from ferkit.experiment.run import run
from ferkit.experiment.side_by_side import make_requests
from ferkit.recipe.load import load_recipe
from ferkit.recipe.weights_needed import needed_by
from ferkit.testing.drawing import draw_folders
from tests.experiment.test_run import ROOT
from tests.predict.drawn import write_model
from tests.predict.hub.fake_hub import FakeHub, serve

CONFIG = json.dumps({"ferkit_version": "0.1.0"}).encode()
LABELS = ("happiness", "sadness")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(ROOT)
    with serve(monkeypatch, str(tmp_path / "hub")) as served:
        yield served


@pytest.fixture
def commit(hub: FakeHub, tmp_path: Path) -> str:
    """The commit of the model me/spots, which has a backbone of the plugin "spots"."""
    model = write_model(tmp_path / "m.safetensors", labels=LABELS)
    return hub.add("me/spots", {"model.safetensors": model.read_bytes(), "config.json": CONFIG})


@pytest.fixture
def recipe(tmp_path: Path, commit: str) -> Path:
    """A fine-tuning of me/spots, written by `ferkit finetune`."""
    draw_folders(tmp_path / "faces", ("happy", "sad"), 8)
    begin = FinetuneOptions(tmp_path / "faces", begin="hf://me/spots", epochs=1, out=tmp_path / "tuned")
    return make_plan(begin).file


def initial_of(file: Path) -> Any:
    return tomllib.loads(file.read_text())["model"]["initial"]


def test_a_fine_tuning_records_the_commit_and_no_path(recipe: Path, commit: str) -> None:
    assert initial_of(recipe) == f"hf://me/spots@{commit}"
    assert "snapshots" not in recipe.read_text()


def test_a_fine_tuning_to_other_classes_records_the_commit_too(
    hub: FakeHub, commit: str, tmp_path: Path
) -> None:
    draw_folders(tmp_path / "faces", ("anger", "fear"), 8)
    plan = make_plan(FinetuneOptions(tmp_path / "faces", begin="hf://me/spots", out=tmp_path / "tuned"))
    assert (initial_of(plan.file), plan.recipe.model.initial_part) == (f"hf://me/spots@{commit}", "backbone")


def test_a_run_records_commit_and_hash_and_is_resumed_without_the_hub(
    hub: FakeHub, recipe: Path, commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch = ['model.initial="hf://me/spots@main"']
    order = make_request(recipe, branch, tmp_path / "run")
    run(order)
    assert initial_of(order.folder / "recipe.toml") == f"hf://me/spots@{commit}"
    (weights,) = [
        one
        for one in json.loads((order.folder / "summary.json").read_text())["weights"]
        if one["name"] == "model.initial"
    ]
    content = hub.repositories["models/me/spots"].files[commit]["model.safetensors"]
    assert weights["file"] == f"hf://me/spots@{commit}"
    assert weights["sha256"] == hashlib.sha256(content).hexdigest()
    hub.status, asked = 503, len(hub.asked)
    assert make_request(recipe, [], tmp_path / "run", resume=True).resolved == order.resolved
    assert len(hub.asked) == asked  # the recipe names the commit
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    run(make_request(recipe, branch, tmp_path / "run", resume=True))


def test_a_run_folder_is_read_where_the_cache_lacks_the_model(
    hub: FakeHub, recipe: Path, commit: str, tmp_path: Path
) -> None:
    order = make_request(recipe, [], tmp_path / "run")
    shutil.rmtree(tmp_path / "hub")
    checked, _ = load_recipe(str(recipe))
    assert checked.model.model_dump(mode="json")["initial"] == f"hf://me/spots@{commit}"
    assert checked.model_copy(update={"model": order.recipe.model}) == order.recipe


def test_a_model_that_does_not_match_is_a_problem_before_training(
    hub: FakeHub, recipe: Path, commit: str
) -> None:
    with pytest.raises(RecipeError, match=f"hf://me/spots@{commit} does not match the recipe's network"):
        make_request(recipe, ['model.head={name="prototype"}'])


@pytest.mark.parametrize(
    ("address", "expected"),
    [("hf://me/none", "has no such repository"), ("hf://me/spots@none", "no branch, tag or commit none")],
)
def test_an_unknown_model_ends_the_run_before_it_starts(recipe: Path, address: str, expected: str) -> None:
    with pytest.raises(RunError, match=expected):
        make_request(recipe, [f'model.initial="{address}"'])


def test_a_malformed_address_is_a_problem_of_its_key(recipe: Path) -> None:
    for change in (download_initial, find_initial, None):
        with pytest.raises(RecipeError, match=r"model\.initial: .*expected hf://USER/NAME"):
            load_recipe(str(recipe), ['model.initial="hf://me"'], change=change)


def test_check_names_the_model_and_asks_no_hub(
    hub: FakeHub, recipe: Path, commit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = len(hub.asked)
    check(str(recipe), ['model.initial="hf://me/spots"'])
    assert f"  initial model: hf://me/spots@{commit}\n" in capsys.readouterr().out
    shutil.rmtree(tmp_path / "hub")
    check(str(recipe), ['model.initial="hf://me/spots@v1%2F2"'])
    shown = capsys.readouterr().out
    assert "  initial model: hf://me/spots@v1%2F2 (not in the cache" in shown
    assert len(hub.asked) == asked


def test_a_grid_and_several_protocols_take_models_of_the_hub(
    recipe: Path, commit: str, tmp_path: Path
) -> None:
    pinned = f"hf://me/spots@{commit}"
    order = make_request(recipe, ['grid={"model.initial"=["hf://me/spots", "hf://me/spots@main"]}'])
    assert [one.settings["model.initial"] for one in order.candidates] == [pinned, pinned]
    assert {one.recipe.model.initial for one in order.candidates} == {order.recipe.model.initial}
    branch = ['model.initial="hf://me/spots"']
    _, orders = make_requests(recipe, ["random"], branch, tmp_path / "runs")
    assert [pinned in one.resolved for one in orders.values()] == [True]


def test_a_demonstration_asks_no_hub(hub: FakeHub, recipe: Path) -> None:
    asked = len(hub.asked)
    order = make_request(recipe, ['model.initial="hf://me/none"'], demo=True)
    assert (order.recipe.model.initial, len(hub.asked)) == (None, asked)


def test_a_bundle_of_weights_says_where_the_model_is(recipe: Path, commit: str) -> None:
    (other,) = [one for one in needed_by(str(recipe)).others if "model.initial" in one]
    assert f"hf://me/spots@{commit}" in other
    assert "own file" not in other
