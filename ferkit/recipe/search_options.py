"""The recipe section [search]."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from ferkit.components.part import Section
from ferkit.errors import Problem


class Dimension(Section):
    """The values of a key: a range from `low` to `high`, or a list of `choices`.

    Attributes:
        low: Smallest value. Only integers are tried if `low` and `high` are integers.
        high: Largest value.
        log: True samples the logarithm, for values over several powers of ten.
        step: Distance of the values from `low`. Default: any value, and 1 for integers.
        choices: Values to try: numbers, strings or tables.
    """

    low: Any = None
    high: Any = None
    log: bool = False
    step: Any = None
    choices: tuple[Any, ...] | None = None

    @field_validator("low", "high", "step")
    @classmethod
    def _is_number(cls, value: Any) -> Any:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError("expected a number")
        return value

    @model_validator(mode="after")
    def _is_range_or_choices(self) -> Dimension:
        if self.choices is not None:
            if not self.choices or (self.low, self.high, self.step, self.log) != (None, None, None, False):
                raise ValueError("expected a list of choices without low, high, log and step")
            return self
        if self.low is None or self.high is None:
            raise ValueError("expected { low = ..., high = ... } or { choices = [...] }")
        if not self.low < self.high:
            raise ValueError(f"expected low < high, got {self.low} and {self.high}")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log requires low > 0, and no step")
        if self.step is not None and not 0 < self.step <= self.high - self.low:
            raise ValueError(f"expected a step from 0 to {self.high - self.low}, got {self.step}")
        if self.is_integer and isinstance(self.step, float):
            raise ValueError(f"expected a whole number as step, because low and high are, got {self.step}")
        return self

    @property
    def is_integer(self) -> bool:
        """True for a range of integers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def extremes(self) -> list[Any]:
        """The ends of a range, or all choices."""
        return [self.low, self.high] if self.choices is None else list(self.choices)


class Search(Section):
    """A search by Optuna, inside the training images of each fold.

    Attributes:
        sampler: "tpe" (tree-structured Parzen estimator) learns from earlier trials, after 10 random ones.
            "random" does not.
        trials: Number of trials of each fold.
        pruner: "median" ends a trial whose best epoch is below the median of earlier trials at this epoch,
            after 5 trials. "none" trains all epochs.
        space: "section.key" to its values.
    """

    sampler: Literal["tpe", "random"] = "tpe"
    trials: int = Field(default=20, ge=1, le=10_000)
    pruner: Literal["none", "median"] = "none"
    space: dict[str, Dimension]


def search_extremes(search: Any) -> list[dict[str, Any]]:
    """Return settings with each end of each range and each choice. Other keys have their first value.

    Malformed sections have none: the schema reports them.
    """
    space = search.get("space") if isinstance(search, Mapping) else None
    try:
        found = {
            key: Dimension.model_validate_json(json.dumps(one, default=str))
            for key, one in (space or {}).items()
        }
    except (ValueError, AttributeError):
        return []
    first = {key: one.extremes[0] for key, one in found.items()}
    several = [{**first, key: value} for key, one in found.items() for value in one.extremes]
    return [one for place, one in enumerate(several) if one not in several[:place]]


def search_problems(table: Mapping[str, Any], searched: tuple[str, ...]) -> list[Problem]:
    """Return the problems of [search] with the rest of the recipe, without those of its candidates.

    Args:
        table: The recipe.
        searched: Sections that a search may change.
    """
    search = table.get("search")
    if not isinstance(search, Mapping):
        return []  # the schema reports it
    problems = []
    if "grid" in table:
        hint = "Remove one of them. A grid is { choices = [...] } of a search."
        problems.append(Problem("search", "can't be combined with [grid]", hint))
    protocol = table.get("protocol", {})
    name = protocol.get("name", "nested") if isinstance(protocol, Mapping) else "nested"
    if name != "nested":
        expected = 'requires the protocol "nested", which selects values without test images'
        problems.append(Problem("search", f"{expected}, got {name!r}"))
    if importlib.util.find_spec("optuna") is None:
        hint = "Install it: pip install 'ferkit[search]'"
        problems.append(Problem("search", "the package optuna is not installed", hint))
    space = search.get("space")
    for key in space if isinstance(space, Mapping) else ():
        if key.split(".")[0] not in searched:
            expected = f"a search can only change {', '.join(searched)}, such as fit.optimizer.lr"
            problems.append(Problem(f'search.space."{key}"', expected))
    if isinstance(space, Mapping) and not space:
        hint = 'Add a key, such as "fit.optimizer.lr" = { low = 1e-5, high = 1e-2, log = true }.'
        problems.append(Problem("search.space", "is empty", hint))
    return problems
