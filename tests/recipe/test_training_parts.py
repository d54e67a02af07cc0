"""Problems of [fit.optimizer], [fit.schedule] and [[callback]]."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.errors import RecipeError
from ferkit.recipe.load import load_recipe

RECIPE = """
name = "small"
plugins = ["tests.plugins_for_tests.parts_plugin"]
data = { name = "folder", root = "." }

[model]
image_size = 32
backbone = { name = "pretrained" }

[fit]
epochs = 4
"""
STOPPING = '\n[[callback]]\nname = "early_stopping"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "small.toml"


def problems(file: Path, text: str) -> dict[str, str]:
    file.write_text(RECIPE + text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(file))
    return {one.where: str(one) for one in caught.value.problems}


WRONG = [
    ('optimizer = { name = "adamx" }', "fit.optimizer.name", ["'adamx'", "'adam"]),
    ('optimizer = { name = "sgd", nesterof = true }', "fit.optimizer.nesterof", ["'nesterov'"]),
    ('optimizer = { name = "sgd", lrr = 1.0 }', "fit.optimizer.lrr", ["'lr'"]),
    ("optimizer = { betas = 0.9 }", "fit.optimizer.betas", ["expected", "numbers", "0.9"]),
    ('optimizer = { name = "sgd", momentum = "high" }', "fit.optimizer.momentum", ["number", "high"]),
    ('optimizer = { name = "sgd", params = [] }', "fit.optimizer.params", ["cannot set"]),
    ('optimizer = { name = "sam", rho = 0.05 }', "fit.optimizer", ["base", "sgd"]),
    ('optimizer = { name = "sam", base = { name = "sdg" } }', "fit.optimizer.base.name", ["'sgd'"]),
    ('optimizer = { name = "sam", rho = 0.0, base = { name = "sgd" } }', "fit.optimizer", ["rho", "0"]),
    ('schedule = { name = "onecycle" }', "fit.schedule.name", ["'one_cycle'"]),
    ('schedule = { name = "cosine", min = 0.1 }', "fit.schedule.min", ["min_lr"]),
    ('schedule = { name = "multi_step" }', "fit.schedule", ["'after'"]),
    ('schedule = { name = "multi_step", after = [3, 2] }', "fit.schedule", ["after", "[3, 2]"]),
    ('schedule = { name = "cosine", warmup_epochs = 4.0 }', "fit.schedule", ["warmup_epochs", "4"]),
    ('schedule = { name = "step", every = 0 }', "fit.schedule", ["every", "0"]),
    ('schedule = { name = "step", optimizer = 1 }', "fit.schedule.optimizer", ["cannot set"]),
    ('[[callback]]\nname = "mix_up"', "callback.0.name", ["'mixup'"]),
    ('[[callback]]\nname = "ema"\ndecai = 0.9', "callback.0.decai", ["'decay'"]),
    ('[[callback]]\nname = "ema"\ndecay = 2.0', "callback.0", ["decay", "2"]),
    ('[[callback]]\nname = "ema"\n[[callback]]\nname = "mixup"\nalpha = -1.0', "callback.1", ["alpha", "-1"]),
]


@pytest.mark.parametrize(("text", "where", "words"), WRONG, ids=[f"{one[1]}-{one[2][0]}" for one in WRONG])
def test_a_wrong_part_is_named_with_what_to_use(file: Path, text: str, where: str, words: list[str]) -> None:
    found = problems(file, text)
    assert where in found, found
    assert [word for word in words if word not in found[where]] == []


@pytest.mark.parametrize(
    ("protocol", "hint"),
    [
        ('name = "paper"', "nested"),
        ('name = "grouped"', "nested"),
        ('name = "holdout"\nvalidation = "none"', "Remove protocol.validation"),
    ],
)
def test_early_stopping_by_test_images_is_refused(file: Path, protocol: str, hint: str) -> None:
    found = problems(file, f"{STOPPING}\n[protocol]\n{protocol}\n")
    assert list(found) == ["callback.0"]
    assert "early_stopping needs validation images" in found["callback.0"]
    assert hint in found["callback.0"]


@pytest.mark.parametrize("protocol", ["", '[protocol]\nname = "nested"', '[protocol]\nname = "holdout"'])
def test_early_stopping_by_validation_images_is_accepted(file: Path, protocol: str) -> None:
    file.write_text(f"{RECIPE}{STOPPING}\n{protocol}\n")
    recipe, _ = load_recipe(str(file))
    assert recipe.callback[0].name == "early_stopping"


def test_a_callback_that_changes_nothing_by_the_scores_suits_every_protocol(file: Path) -> None:
    file.write_text(f'{RECIPE}\n[[callback]]\nname = "ema"\n\n[protocol]\nname = "paper"\n')
    assert load_recipe(str(file))[0].callback[0].name == "ema"


CENTER = '\n[loss]\nname = "center"\nsource = "embeddings"\n'


def test_callbacks_that_exclude_each_other_are_refused_before_a_run(file: Path) -> None:
    found = problems(file, '[[callback]]\nname = "ema"\n[[callback]]\nname = "ema"\n')
    assert "can't be combined" in found["callback"]


def test_a_callback_built_by_a_function_needs_validation_images_too(file: Path) -> None:
    text = '[[callback]]\nname = "stops"\n[protocol]\nname = "paper"\n'
    assert "needs validation images" in problems(file, text)["callback.0"]


def test_a_loss_of_embeddings_is_tried_with_the_head(file: Path) -> None:
    file.write_text(RECIPE + CENTER)
    load_recipe(str(file))
    multiscale = 'head = { name = "multiscale", source = "taps", taps = ["early", "late"] }'
    file.write_text(RECIPE.replace("[model]", f"[model]\n{multiscale}") + CENTER)
    load_recipe(str(file))
