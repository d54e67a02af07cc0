"""How faults are told."""

from __future__ import annotations

import pytest

from ferkit import errors
from ferkit.errors import Fault, FerkitError, RecipeError


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault("fit", "no"), "fit: no"),
        (Fault("fit", "no", "do"), "fit: no\n    do"),
        (Fault("data", "none\n  a/\n  b/", "do"), "data: none\n      a/\n      b/\n    do"),
    ],
)
def test_what_follows_the_first_line_of_a_fault_is_indented(fault: Fault, told: str) -> None:
    assert str(fault) == told


def test_a_recipes_error_counts_and_lists_its_faults() -> None:
    faults = [Fault("a", "x", "do"), Fault("b", "y")]
    assert str(RecipeError("r.toml", faults)) == "r.toml: 2 faults\n  a: x\n    do\n  b: y"
    assert str(RecipeError("r.toml", faults[1:])) == "r.toml: 1 fault\n  b: y"
    assert RecipeError("r.toml", faults).faults == tuple(faults)


def test_every_error_of_ferkits_own_is_a_ferkit_error_and_is_drawn_in_the_tree() -> None:
    raised = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)]
    assert all(issubclass(one, FerkitError) for one in raised)
    assert [one.__name__ for one in raised if one.__name__ not in str(errors.__doc__)] == []
