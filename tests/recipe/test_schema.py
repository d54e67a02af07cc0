"""The schema of a recipe: its defaults, and its problems in plain words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from ferkit.recipe.schema import Recipe
from ferkit.recipe.schema_errors import translate

SMALLEST = {"name": "small", "data": {"name": "synthetic"}}


def read(**changes: Any) -> Recipe:
    return Recipe.model_validate_json(json.dumps({**SMALLEST, **changes}))


def problems(**changes: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        read(**changes)
    return [str(problem) for problem in translate(caught.value)]


def test_a_recipe_needs_only_a_name_and_data() -> None:
    recipe = read()
    assert recipe.detector.name == "mtcnn"
    assert recipe.model.backbone.name == "inception_resnet_v1"
    assert recipe.loss.name == "cross_entropy"
    assert (recipe.protocol.folds, recipe.protocol.repeats) == (2, 3)
    assert recipe.estimator is None


def test_every_other_key_of_a_part_is_an_option() -> None:
    part = read(loss={"name": "focal", "gamma": 2.0, "base": {"name": "x"}}).loss
    assert part.options == {"gamma": 2.0, "base": {"name": "x"}}


def test_nothing_in_a_recipe_can_be_changed_later() -> None:
    recipe = read()
    with pytest.raises(ValidationError, match="frozen"):
        recipe.fit.epochs = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        recipe.loss.name = "focal"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"epochs": 3}, "epochs: a recipe has no key 'epochs'. Did you mean 'fit.epochs'?"),
        ({"zzz": 3}, "zzz: a recipe has no key 'zzz'. There is: augment, callback, data, "),
        ({"protocl": {}}, "protocl: a recipe has no key 'protocl'. Did you mean 'protocol'? There is: "),
        (
            {"fit": {"epoch": 3}},
            "fit.epoch: fit has no key 'epoch'. Did you mean 'epochs'? There is: accumulate, balance, ",
        ),
        ({"fit": {"epochs": "3"}}, 'fit.epochs: expected a whole number, got "3" (a string)'),
        ({"fit": {"epochs": 1.5}}, "fit.epochs: expected a whole number, got 1.5 (a number)"),
        ({"fit": {"epochs": True}}, "fit.epochs: expected a whole number, got true (true or false)"),
        ({"fit": {"epochs": 0}}, "fit.epochs: expected 1 or more, got 0 (a whole number)"),
        ({"fit": {"optimizer": {"lr": 0}}}, "fit.optimizer.lr: expected more than 0, got 0"),
        (
            {"fit": {"optimizer": {"lr": float("inf")}}},
            "fit.optimizer.lr: expected a finite number, got Infinity",
        ),
        (
            {"fit": {"optimizer": {"lr": "fast"}}},
            'fit.optimizer.lr: expected a number, got "fast" (a string)',
        ),
        ({"fit": {"device": "tpu"}}, 'fit.device: expected auto, cpu, cuda or cuda:0, got "tpu" (a string)'),
        ({"fit": {"schedule": {}}}, "fit.schedule.name: is missing: it names the component"),
        ({"fit": 3}, "fit: expected a table, got 3 (a whole number)"),
        (
            {"protocol": {"new_folds": "yes"}},
            'protocol.new_folds: expected true or false, got "yes" (a string)',
        ),
        ({"paper": {"row": "a", "accuracy": 101}}, "paper.accuracy: expected 100 or less, got 101"),
        ({"paper": {"accuracy": 50}}, "paper.row: is missing"),
        ({"name": "my run"}, "name: expected letters, digits, underscores, dots and hyphens"),
        ({"name": 3}, "name: expected a string, got 3 (a whole number)"),
        ({"detector": {"factor": 1}}, "detector.name: is missing: it names the component"),
        (
            {"detector": {"nam": "mtcnn"}},
            "detector.name: is missing: it names the component. Did you mean 'name' instead of 'nam'?",
        ),
        ({"detector": "mtcnn"}, 'detector: expected a table, got "mtcnn" (a string)'),
        (
            {"augment": [{"name": "a"}, {"p": 1}]},
            "augment.1.name: is missing: it names the component",
        ),
        ({"augment": {"name": "a"}}, 'augment: expected a list, got {"name": "a"} (a table)'),
        ({"plugins": "mine"}, 'plugins: expected a list, got "mine" (a string)'),
    ],
)
def test_a_problem_says_where_what_was_expected_and_what_came(changes: dict[str, Any], problem: str) -> None:
    (found,) = problems(**changes)
    assert found.startswith(problem)


def test_all_problems_are_told_at_once() -> None:
    found = problems(name="a b", fit={"epochs": 0, "batchsize": 3}, model={"normalize": "x"})
    places = [problem.partition(":")[0] for problem in found]
    assert places == ["name", "model.normalize", "fit.epochs", "fit.batchsize"]
