from __future__ import annotations

from typing import Any

import pytest

from ferkit.components.part import Part
from ferkit.errors import RunError
from ferkit.evaluation.protocol_options import NestedProtocol
from ferkit.recipe.grid import MOST, candidates, combinations, count_combinations, grid_problems
from ferkit.recipe.schema import Recipe

GRID = {"fit.optimizer.lr": (1e-4, 2e-4), "augment.0.p": (0.5,), "model.head": ({"name": "linear"},)}


def test_every_combination_is_a_candidate_the_last_key_changing_fastest() -> None:
    assert combinations({"a": [1, 2], "b": [3, 4]}) == [
        {"a": 1, "b": 3},
        {"a": 1, "b": 4},
        {"a": 2, "b": 3},
        {"a": 2, "b": 4},
    ]


def test_a_candidate_is_the_recipe_with_its_settings_and_without_the_grid() -> None:
    augment = (Part.model_validate({"name": "HorizontalFlip", "p": 0.1}),)
    protocol = NestedProtocol(name="nested")
    recipe = Recipe(name="a", data=Part(name="sfew"), augment=augment, protocol=protocol, grid=GRID)
    first, second = candidates(recipe)
    assert (first.recipe.fit.optimizer.lr, second.recipe.fit.optimizer.lr) == (1e-4, 2e-4)
    assert second.recipe.augment[0].options == {"p": 0.5}
    assert second.recipe.grid is None
    assert second.recipe.protocol == protocol
    assert candidates(first.recipe) == []


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ({"protocol.seed": [1]}, "a grid can only search model, loss, augment, callback, fit"),
        ({"fit.epochs": 3}, "expected a list of values to try, got 3"),
        ({"fit.epochs": []}, "expected a list of values to try, got []"),
    ],
)
def test_what_can_not_be_searched_is_told(grid: dict[str, Any], expected: str) -> None:
    (problem,) = grid_problems(grid)
    assert expected in str(problem)
    assert next(iter(grid)) in problem.where


def test_callbacks_can_be_searched() -> None:
    callbacks = ({"name": "ema"},), ()
    recipe = Recipe(name="a", data=Part(name="sfew"), grid={"callback": callbacks})
    assert grid_problems({"callback": [list(one) for one in callbacks]}) == []
    assert [len(one.recipe.callback) for one in candidates(recipe)] == [1, 0]


def test_a_grid_that_is_no_table_is_left_to_the_schema() -> None:
    assert grid_problems(3) == []


def test_a_grid_is_counted_before_it_is_built() -> None:
    grid = {f"fit.key{number}": list(range(10)) for number in range(10)}
    (problem,) = grid_problems(grid)
    assert problem.where == "grid"
    assert "at most 10,000 combinations, got 10,000,000,000 (fit.key0: 10, " in problem.message
    with pytest.raises(RunError, match="got 10,000,000,000"):
        combinations(grid)


def test_the_largest_grid_is_allowed() -> None:
    grid = {"fit.epochs": list(range(MOST))}
    assert count_combinations(grid) == MOST
    assert grid_problems(grid) == []
    assert len(combinations(grid)) == MOST
