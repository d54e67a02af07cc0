"""Values that are too deep or too large for any recipe get a message, never a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ferkit.errors import RecipeError
from ferkit.recipe.bounds import DEEPEST, check_bounds
from ferkit.recipe.load import load_recipe, load_table


def nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth - 1):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a = " + "[" * 100_000, "nested too deep"),
        ("a = " + "[" * 200 + "]" * 200, "levels"),
        ("[" + "a." * 5_000 + "b]", "levels"),
        ("a = " + "9" * 10_000, "digits"),
        ("fit.epochs = 9223372036854775808", "64 bits"),
    ],
)
def test_a_file_with_a_value_out_of_bounds_is_refused(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(RecipeError, match=word):
        load_recipe(str(tmp_path / "recipe.toml"))


def test_the_key_of_a_large_integer_is_named() -> None:
    (problem,) = check_bounds({"fit": {"optimizer": [{"lr": -(2**63) - 1}]}})
    assert problem.where == "fit.optimizer.0.lr"


def test_values_at_the_bounds_pass() -> None:
    assert check_bounds({"a": 2**63 - 1, "b": -(2**63), "c": nested(DEEPEST), "d": True}) == []
    assert len(check_bounds({"c": nested(DEEPEST + 2)})) == 1


def test_a_problem_of_the_whole_recipe_has_a_key_and_does_not_repeat_the_recipe() -> None:
    table = {
        "name": "a",
        "data": {"name": "synthetic"},
        "grid": {"fit.epochs": [1, 2]},
        "protocol": {"name": "paper"},
    }
    with pytest.raises(RecipeError) as caught:
        load_table("a", table)
    (problem,) = [one for one in caught.value.problems if "nested" in one.message]
    assert problem.where == "grid"
    assert "synthetic" not in problem.message


@pytest.mark.parametrize("key", ["\ud800", "a\udce9"])
def test_a_key_that_is_no_text_is_a_problem(key: str) -> None:
    with pytest.raises(RecipeError, match=r"augment.0: expected a key of Unicode characters"):
        load_table("spoiled", {"name": "a", "augment": [{"name": "HorizontalFlip", key: 1}]})


def test_a_value_that_is_no_text_is_a_problem() -> None:
    with pytest.raises(RecipeError, match=r"ud800"):
        load_table("spoiled", {"name": "a", "grid": {"fit.epochs": "\ud800"}})


@pytest.mark.parametrize("key", ["|x", "|table", "|"])
def test_a_key_like_a_tag_is_named(key: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_table("spoiled", {"name": "a", "data": {"name": "synthetic"}, key: {"name": "x"}})
    assert [one.where for one in caught.value.problems] == [key]
