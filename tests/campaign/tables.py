"""Valid tables of recipes, and hypothesis strategies that spoil them."""

from __future__ import annotations

import copy
import datetime
import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ferkit.runtime.shipped import find_recipe
from tests.experiment.test_run import RECIPE

SHIPPED = ("quickstart", "sfew_multiscale", "sfew_search", "sfew_svm", "sfew_cycleat", "rafdb_covpool")
KEYS = (
    "name",
    "data",
    "model",
    "fit",
    "loss",
    "grid",
    "plugins",
    "protocol",
    "augment",
    "estimator",
    "faces",
)
NAMES = ("linear", "tiny", "majority", "squares", "whole_image", "mtcnn", "timm", "image_folder", "nested")
STRANGE = (
    "",
    " ",
    "\0",
    "\n",
    "\ud800",
    "é" * 300,
    "../..",
    "/dev/zero",
    "${HOME}",
    "${",
    "a.b",
    "[",
    "\x1b[2J",
)
NUMBERS = (0, -1, 2**31, 2**63, 2**64, -(2**63), 10**40, 10**5000)
FLOATS = (0.0, -0.0, 1e-320, 1e308, -1.0, 0.5, float("inf"), float("-inf"), float("nan"))
TIMES = (datetime.date(1, 1, 1), datetime.time(), datetime.datetime(9999, 12, 31, 23, 59))


def base_tables(folder: Path) -> list[dict[str, Any]]:
    """Recipes that are valid but for their data sets' folders."""
    tables = [tomllib.loads(find_recipe(name).read_text(encoding="utf-8")) for name in SHIPPED]
    tiny = tomllib.loads(RECIPE.format(root=folder / "images"))
    searched = {
        **tiny,
        "protocol": {"name": "nested"},
        "grid": {"fit.epochs": [1, 2], "fit.optimizer.lr": [0.1]},
    }
    return [tiny, tiny, {**tiny, "estimator": {"name": "majority"}}, searched, *tables]


def _nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


def _nested_table(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(depth):
        inner = {"name": inner}
    return inner


texts = st.one_of(
    st.sampled_from(STRANGE), st.sampled_from(NAMES), st.sampled_from(KEYS), st.text(max_size=9)
)
leaves = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(FLOATS),
    st.sampled_from(TIMES),
    st.booleans(),
    st.integers(),
    st.floats(),
    texts,
)
values = st.one_of(
    leaves,
    st.lists(leaves, max_size=3),
    st.dictionaries(texts, leaves, max_size=3),
    st.lists(st.dictionaries(texts, leaves, max_size=2), max_size=2),
    st.sampled_from((20, 40, 400)).map(_nested),
    st.sampled_from((20, 40, 400)).map(_nested_table),
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(table or list, key or position) of everything within a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield value, key
        if isinstance(one, dict | list):
            yield from places(one)


@st.composite
def spoiled(draw: st.DrawFn, tables: list[dict[str, Any]]) -> dict[str, Any]:
    """A valid table with one to three changes."""
    table = copy.deepcopy(draw(st.sampled_from(tables)))
    for _ in range(draw(st.integers(1, 3))):
        place, key = draw(st.sampled_from(list(places(table)) or [(table, "name")]))
        _spoil(draw, place, key)
    return table


def _spoil(draw: st.DrawFn, place: Any, key: Any) -> None:
    change = draw(st.sampled_from(("replace", "replace", "replace", "remove", "add", "rename", "wrap")))
    if change == "replace":
        place[key] = draw(values)
    elif change == "remove":
        place.pop(key)
    elif change == "wrap":
        place[key] = draw(st.sampled_from(([place[key]], {"name": place[key]}, [place[key], place[key]])))
    elif isinstance(place, list):
        place.append(draw(values))
    elif change == "add":
        place[draw(texts)] = draw(values)
    else:
        place[draw(texts)] = place.pop(key)


LONG_TEXTS = (
    "",
    "[]",
    "null",
    "1",
    '"x"',
    "{",
    "[" * 50_000,
    '{"a":' * 50_000,
    "{}",
    "\ud800",
    "NaN",
    "9" * 5000,
)
"""Headers that hold no table."""
ODD = (None, *NUMBERS[:-1], *FLOATS, True, [], {}, *STRANGE[:4], *NAMES, "x" * 100_000, [[[]]], {"name": {}})


def spoil_at_random(table: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """A copy of a table of JSON with one to three changes, without hypothesis."""
    table = copy.deepcopy(table)
    for _ in range(draw.randint(1, 3)):
        place, key = draw.choice(list(places(table)) or [(table, "labels")])
        change, odd = draw.random(), copy.deepcopy(draw.choice(ODD))  # it may be changed in its turn
        if change < 0.15 and len(place):
            place.pop(key)
        elif change < 0.3 and isinstance(place, dict):
            place[draw.choice(("", "x", "name", "labels", "model"))] = odd
        elif change < 0.4 and isinstance(place, list):
            place += [odd] * draw.choice((1, 1, 5000))
        else:
            place[key] = odd
    return table
