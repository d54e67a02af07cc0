"""Names and options -> objects, and the problems found before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ferkit.components.build import build, on_runtime
from ferkit.components.component import Component
from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.errors import ComponentError
from ferkit.recipe.check import check_components
from ferkit.recipe.parts import table_uses_network

CONTEXT = {
    "in_channels": 8,
    "num_classes": 3,
    "labels": ("anger", "fear", "neutral"),
    "class_counts": [5, 6, 7],
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_plugins(["tests.plugins_for_tests.parts_plugin"])


def test_a_component_is_given_its_options_converted_to_their_types(registry: Registry) -> None:
    part = Part(name="pooling", scale=[0, 1], table="a/b.csv", dropout=0)
    options = build(registry, "head", part, **CONTEXT).options
    assert options["scale"] == (0.0, 1.0)
    assert options["table"] == Path("a/b.csv")
    assert isinstance(options["dropout"], float)
    assert options["layers"] == 1


def test_a_component_is_given_of_the_context_what_it_names(registry: Registry) -> None:
    loss = build(registry, "loss", Part(name="counting"), **CONTEXT)
    assert (loss.num_classes, loss.class_counts) == (3, [5, 6, 7])
    estimator = build(registry, "estimator", Part(name="constant"), seed=4, **CONTEXT)
    assert (estimator.labels, estimator.seed) == (CONTEXT["labels"], 4)


def test_a_component_within_another_is_built_with_the_same_context(registry: Registry) -> None:
    part = Part(
        name="wrapped", epsilon=0.1, base={"name": "wrapped", "epsilon": 0.2, "base": {"name": "counting"}}
    )
    innermost = build(registry, "loss", part, **CONTEXT).base.base
    assert innermost.class_counts == [5, 6, 7]
    assert innermost.gamma == 2.0


def test_an_optional_component_that_is_not_given_stays_none(registry: Registry) -> None:
    assert build(registry, "loss", Part(name="wrapped", epsilon=0.1), **CONTEXT).base is None


def test_a_constructor_that_takes_anything_is_given_everything(registry: Registry) -> None:
    output = build(registry, "output", Part(name="anything", a=[1]), **CONTEXT)
    assert output.options == {"a": [1]}


@pytest.mark.parametrize(
    ("kind", "part", "message"),
    [
        ("head", Part(name="pooling", dropout=1.5), ": dropout: expected 0 to below 1, got 1.5"),
        ("loss", Part(name="counting", gamma=101), ": RuntimeError: out of range"),
        ("loss", Part(name="counting", gama=1), ": TypeError: "),
    ],
)
def test_what_a_constructor_raises_names_the_component_and_its_provider(
    registry: Registry, kind: str, part: Part, message: str
) -> None:
    with pytest.raises(ComponentError) as caught:
        build(registry, kind, part, **CONTEXT)
    provider = "tests.plugins_for_tests.parts_plugin (named by the recipe)"
    start = f"{kind} {part.name!r} of {provider} can't be built with its options"
    assert str(caught.value).startswith(start + message)


def test_an_option_that_does_not_fit_is_refused_in_building_too(registry: Registry) -> None:
    with pytest.raises(ComponentError, match="option 'gamma': expected a number, got \"a\""):
        build(registry, "loss", Part(name="counting", gamma="a"), **CONTEXT)


def table(**changes: Any) -> dict[str, Any]:
    model = {"backbone": {"name": "pretrained"}, "head": {"name": "pooling"}, "output": {"name": "anything"}}
    parts = {
        "data": {"name": "folder", "root": "."},
        "detector": {"name": "odd"},
        "loss": {"name": "counting"},
    }
    return {**parts, "model": model, **changes}


def test_components_that_fit_have_no_problems(registry: Registry) -> None:
    assert check_components(table(), registry) == []


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"data": {"name": "foldr"}}, "data.name"),
        ({"detector": {"name": "none"}}, "detector.name"),
        ({"loss": {"name": "counting", "gama": 1}}, "loss.gama"),
        ({"model": {"backbone": {"name": "x"}, "head": {"name": "pooling"}, "output": {"name": "anything"}}},
         "model.backbone.name"),
        ({"estimator": {"name": "x"}}, "estimator.name"),
    ],
)  # fmt: skip
def test_each_place_of_a_recipe_is_checked(registry: Registry, changes: dict[str, Any], where: str) -> None:
    assert [problem.where for problem in check_components(table(**changes), registry)] == [where]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"root": "nowhere"}, "data: there is no folder nowhere; ask its makers for the data"),
        ({"root": "unreadable"}, "data: [Errno 13] Permission denied: 'unreadable'"),
        (
            {"root": ".", "per_class": 0},
            "can't be built with its options: per_class: expected at least 1",
        ),
    ],
)
def test_what_a_data_set_lacks_or_refuses_is_a_problem(
    registry: Registry, data: dict[str, Any], problem: str
) -> None:
    (found,) = check_components(table(data={"name": "folder", **data}), registry)
    assert problem in str(found)


def test_a_component_that_a_recipe_leaves_to_the_default_is_checked_too() -> None:
    """Without ferkit's own plugins there is nothing that the defaults could name."""
    found = {problem.where for problem in check_components({}, Registry())}
    assert found == {
        "detector.name",
        "model.backbone.name",
        "model.head.name",
        "model.output.name",
        "loss.name",
        "fit.optimizer.name",
        "fit.schedule.name",
    }


def test_an_estimator_needs_no_network(registry: Registry) -> None:
    whole = {
        "data": {"name": "folder", "root": "."},
        "detector": {"name": "odd"},
        "estimator": {"name": "constant"},
    }
    assert check_components(whole, registry) == []


@pytest.mark.parametrize(
    "malformed",
    [
        {"data": 3},
        {"data": {"name": 3}},
        {"loss": []},
        *({"estimator": one} for one in (3, {}, {"nam": "x"}, {"name": 3.5}, {"name": ["x"]}, {"name": {}})),
    ],
)
def test_malformed_parts_are_left_to_the_schema(registry: Registry, malformed: dict[str, Any]) -> None:
    assert check_components(table(**malformed), registry) == []


def test_a_list_of_components_is_built_in_its_order(registry: Registry) -> None:
    part = Part(name="described", descriptors=[{"name": "mean"}, {"name": "mean", "scale": 3}])
    found = build(registry, "estimator", part, **CONTEXT).descriptors
    assert [one.scale for one in found] == [1.0, 3.0]


def test_the_folders_of_an_estimators_data_sets_are_looked_for(registry: Registry, tmp_path: Path) -> None:
    source = {"name": "folder", "root": str(tmp_path / "gone")}
    part = {"name": "described", "descriptors": [{"name": "mean"}], "source": source}
    (problem,) = check_components({"estimator": part}, registry)
    assert str(problem).startswith(f"estimator.source: there is no folder {tmp_path / 'gone'}")


def test_the_network_of_a_recipe_is_used_unless_an_estimator_does_without() -> None:
    registry = load_plugins(["tests.plugins_for_tests.parts_plugin", "tests.plugins_for_tests.tiny_plugin"])
    expected = {"constant": False, "seeing": True, "unknown": False}
    assert table_uses_network({}, registry)
    for name, is_used in expected.items():
        assert table_uses_network({"estimator": {"name": name}}, registry) is is_used


def test_an_optional_network_is_used_if_the_recipe_has_a_model() -> None:
    registry = load_plugins(["tests.plugins_for_tests.tiny_plugin"])
    table = {"estimator": {"name": "glancing"}}
    assert not table_uses_network(table, registry)
    assert table_uses_network({**table, "model": {}}, registry)


class Numbered:
    """A detector with a `runtime` of its own meaning."""

    def __init__(self, runtime: int = 3) -> None:
        self.runtime = runtime


@pytest.mark.parametrize(
    ("part", "options"),
    [
        (Part(name="mtcnn", factor=0.8), {"runtime": "onnx", "factor": 0.8}),
        (Part(name="mtcnn", runtime="torch"), {"runtime": "torch"}),
        (Part(name="whole_image"), {}),
        (Part(name="numbered"), {}),
    ],
)
def test_a_runtime_is_set_where_an_option_takes_it_and_was_not_given(
    part: Part, options: dict[str, object]
) -> None:
    registry = load_plugins()
    registry.add([Component("detector", "numbered", f"{__name__}:Numbered", "")], "a test")
    assert on_runtime(registry, "detector", part, "onnx").options == options
