"""A constructor's signature as the schema of its options."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import pytest

from ferkit.components.discovery import load_plugins
from ferkit.components.option_types import convert, describe_type
from ferkit.components.options import check_options, option_parameters, weights_options, without_weights
from ferkit.components.registry import Registry
from ferkit.interfaces import Loss


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_plugins(["tests.plugins_for_tests.parts_plugin"])


def problems(registry: Registry, kind: str, name: str, options: dict[str, Any]) -> list[str]:
    return [str(one) for one in check_options(registry.get(kind, name), options, registry, "part")]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dropout": 0.5},
        {"dropout": 0},  # TOML writes a number without a fraction as a whole one
        {"layers": 3, "is_deep": True, "pooling": "max"},
        {"scale": [0.5, 1], "stages": ["early", "late"]},
        {"table": "some/file.csv", "rate": 1},
    ],
)
def test_options_that_fit_have_no_problems(registry: Registry, options: dict[str, Any]) -> None:
    assert problems(registry, "head", "pooling", options) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"dropuot": 0.5},
            "part.dropuot: head 'pooling' has no option 'dropuot'. Did you mean 'dropout'? There is: ",
        ),
        ({"dropout": "0.5"}, 'part.dropout: expected a number, got "0.5" (a string)'),
        ({"dropout": True}, "part.dropout: expected a number, got true (true or false)"),
        ({"layers": 1.5}, "part.layers: expected a whole number, got 1.5 (a number)"),
        ({"layers": True}, "part.layers: expected a whole number, got true"),
        ({"is_deep": "yes"}, 'part.is_deep: expected true or false, got "yes" (a string)'),
        ({"is_deep": 1}, "part.is_deep: expected true or false, got 1 (a whole number)"),
        ({"pooling": "mean"}, "part.pooling: expected one of 'average', 'max', got \"mean\" (a string)"),
        ({"scale": [0.5]}, "part.scale: expected 2 numbers, got [0.5] (a list)"),
        ({"scale": 0.5}, "part.scale: expected 2 numbers, got 0.5"),
        ({"stages": ["a", 1]}, 'part.stages: expected a list of strings, got ["a", 1] (a list)'),
        ({"table": 3}, "part.table: expected a path, got 3 (a whole number)"),
        ({"rate": {"a": 1}}, 'part.rate: expected a number, got {"a": 1} (a table)'),
        (
            {"num_classes": 7},
            "part.num_classes: ferkit itself gives 'num_classes' to the head. A recipe cannot set it",
        ),
    ],
)
def test_an_option_that_does_not_fit_says_what_was_expected_and_what_came(
    registry: Registry, options: dict[str, Any], problem: str
) -> None:
    (found,) = problems(registry, "head", "pooling", options)
    assert found.startswith(problem)


def test_what_ferkit_gives_is_not_among_the_options_suggested(registry: Registry) -> None:
    (found,) = problems(registry, "head", "pooling", {"in_chanels": 3})
    assert "in_channels" not in found.replace("in_chanels", "")


def test_all_problems_of_a_part_are_found_at_once(registry: Registry) -> None:
    found = problems(registry, "head", "pooling", {"dropout": "a", "layers": "b", "dept": 1})
    assert [one.partition(":")[0] for one in found] == ["part.dropout", "part.layers", "part.dept"]


def test_a_missing_option_is_named_with_its_type(registry: Registry) -> None:
    assert problems(registry, "loss", "wrapped", {}) == [
        "part: loss 'wrapped' needs the option 'epsilon': a number"
    ]


def test_a_constructor_that_takes_anything_is_given_anything(registry: Registry) -> None:
    assert problems(registry, "output", "anything", {"a": [1], "b": {"c": 2}}) == []


def test_a_target_that_can_not_be_loaded_is_a_problem(registry: Registry) -> None:
    (found,) = problems(registry, "detector", "hollow", {})
    assert re.match(
        "part: detector 'hollow' of .* can't be loaded from tests.plugins_for_tests.parts_plugin:NoSuch",
        found,
    )


@pytest.mark.parametrize(
    ("base", "problem"),
    [
        ("counting", 'part.base: expected a loss, written { name = "...", ... }, got "counting" (a string)'),
        ({"gamma": 2}, "part.base: expected a loss"),
        ({"name": "countin"}, "part.base.name: no loss is called 'countin'. Did you mean 'counting'?"),
        ({"name": "counting", "gamma": "2"}, 'part.base.gamma: expected a number, got "2"'),
        (
            {"name": "wrapped", "epsilon": 1, "base": {"name": "wrapped"}},
            "part.base.base: loss 'wrapped' needs",
        ),
    ],
)
def test_a_component_within_a_component_is_checked_like_any(
    registry: Registry, base: Any, problem: str
) -> None:
    (found,) = problems(registry, "loss", "wrapped", {"epsilon": 0.1, "base": base})
    assert found.startswith(problem)


def test_a_component_within_a_component_that_fits_has_no_problems(registry: Registry) -> None:
    assert (
        problems(registry, "loss", "wrapped", {"epsilon": 0.1, "base": {"name": "counting", "gamma": 1}})
        == []
    )


@pytest.mark.parametrize(
    ("weights", "problem"),
    [
        ("none", None),
        ("faces_2018", None),
        (
            "faces_2019",
            "part.weights: no weights are called 'faces_2019'. Did you mean 'faces_2018'? There is: ",
        ),
        (3, "part.weights: expected the name of pretrained weights, got 3 (a whole number)"),
    ],
)
def test_the_name_of_weights_is_looked_up_in_the_catalogue(
    registry: Registry, weights: Any, problem: str | None
) -> None:
    found = problems(registry, "backbone", "pretrained", {"weights": weights})
    assert found == [] if problem is None else found[0].startswith(problem)


@pytest.mark.parametrize(
    ("options", "expected"), [({}, "none"), ({"weights": "faces_2018", "freeze": True}, "faces_2018")]
)
def test_the_weights_a_part_names_or_leaves_as_they_are(
    registry: Registry, options: dict[str, Any], expected: str
) -> None:
    assert weights_options(registry.get("backbone", "pretrained"), options) == {"weights": expected}


@pytest.mark.parametrize(
    ("kind", "name", "off"),
    [
        ("backbone", "pretrained", {"weights": "none"}),
        ("backbone", "timm", {"pretrained": False}),
        ("head", "pooling", {}),
    ],
)
def test_what_starts_a_part_from_random_numbers(
    registry: Registry, kind: str, name: str, off: dict[str, Any]
) -> None:
    assert without_weights(registry.get(kind, name)) == off


def test_the_context_is_no_option(registry: Registry) -> None:
    assert list(option_parameters(registry.get("loss", "counting"))) == ["gamma"]


@pytest.mark.parametrize(
    ("annotation", "value", "converted"),
    [
        (tuple[float, float], [1, 2.5], (1.0, 2.5)),
        (Path, "a/b", Path("a/b")),
        (Path | None, None, None),
        (float, 3, 3.0),
        (Any, {"a": 1}, {"a": 1}),
    ],
)
def test_what_toml_can_not_write_is_converted(annotation: Any, value: Any, converted: Any) -> None:
    result = convert(annotation, value)
    assert result == converted
    assert type(result) is type(converted)


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (float | None, "a number"),
        (int | str, "a whole number or a string"),
        (Literal["a", 2], "one of 'a', 2"),
        (tuple[int, float], "2 values: a whole number, a number"),
        (tuple[int, int], "2 whole numbers"),
        (tuple[Path, ...], "a list of paths"),
        (list[tuple[int, int]], "a list of values, each 2 whole numbers"),
        (dict[str, float], "a table"),
        (Loss | None, 'a loss, written { name = "...", ... }'),
    ],
)
def test_types_are_told_in_plain_words(annotation: Any, words: str) -> None:
    assert describe_type(annotation) == words


def test_an_option_of_a_type_that_no_recipe_can_write_is_a_problem_only_where_it_is_given(
    registry: Registry,
) -> None:
    assert problems(registry, "detector", "odd", {}) == []
    (found,) = problems(registry, "detector", "odd", {"session": "x"})
    assert found.startswith(
        "part.session: the component expects ferkit.components.registry.Registry | None, which TOML cannot"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused(registry: Registry, value: float) -> None:
    (found,) = problems(registry, "head", "pooling", {"dropout": value})
    assert found.startswith("part.dropout: expected a number, got ")
    assert found.endswith("(not finite)")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([{"name": "mean"}, {"name": "mean", "scale": 2}], None),
        (
            {"name": "mean"},
            'part.descriptors: expected a list of descriptors, written [{ name = "...", ... }',
        ),
        ([], "part.descriptors: expected a list of descriptors"),
        ([{"name": "mean"}, "mean"], "part.descriptors.1: expected a descriptor, written { name ="),
        ([{"name": "maen"}], "part.descriptors.0.name: no descriptor is called 'maen'. Did you mean 'mean'?"),
        ([{"name": "mean", "scale": "2"}], "part.descriptors.0.scale: expected a number, got"),
    ],
)
def test_a_list_of_components_is_checked_one_by_one(
    registry: Registry, value: object, problem: str | None
) -> None:
    found = problems(registry, "estimator", "described", {"descriptors": value})
    assert (found == []) if problem is None else found[0].startswith(problem)


def test_the_home_folder_may_be_short_in_every_path() -> None:
    assert convert(Path, "~/data") == Path.home() / "data"
    assert convert(Path | None, "~/data") == Path.home() / "data"
