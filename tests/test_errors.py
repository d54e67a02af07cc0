"""How problems are told."""

from __future__ import annotations

import pytest

from ferkit import errors
from ferkit.errors import FerkitError, Problem, RecipeError


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (Problem("fit", "no"), "fit: no"),
        (Problem("fit", "no", "do"), "fit: no\n    do"),
        (Problem("data", "none\n  a/\n  b/", "do"), "data: none\n      a/\n      b/\n    do"),
    ],
)
def test_what_follows_the_first_line_of_a_problem_is_indented(problem: Problem, told: str) -> None:
    assert str(problem) == told


def test_a_recipes_error_counts_and_lists_its_problems() -> None:
    problems = [Problem("a", "x", "do"), Problem("b", "y")]
    assert str(RecipeError("r.toml", problems)) == "r.toml: 2 problems\n  a: x\n    do\n  b: y"
    assert str(RecipeError("r.toml", problems[1:])) == "r.toml: 1 problem\n  b: y"
    assert RecipeError("r.toml", problems).problems == tuple(problems)


def test_every_error_of_ferkits_own_is_a_ferkit_error_and_is_drawn_in_the_tree() -> None:
    raised = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)]
    assert all(issubclass(one, FerkitError) for one in raised)
    assert [one.__name__ for one in raised if one.__name__ not in str(errors.__doc__)] == []
