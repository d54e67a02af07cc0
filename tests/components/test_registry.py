"""Names -> components."""

from __future__ import annotations

import pytest

from ferkit.components.component import Component
from ferkit.components.registry import Registry
from ferkit.errors import ComponentError
from ferkit.messages import suggest


def head(name: str) -> Component:
    return Component("head", name, "json:dumps", "")


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.add([head("multiscale"), head("linear")], "first (one 1.0)")
    return registry


def test_unknown_head_suggests_the_closest_name(registry: Registry) -> None:
    with pytest.raises(ComponentError) as caught:
        registry.get("head", "multi_scale")
    expected = "no head is called 'multi_scale'. Did you mean 'multiscale'? There is: linear, multiscale."
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("name", "known", "sentence"),
    [
        ("zzzz", ["linear"], "There is: linear."),
        ("linaer", ["linear", "multiscale"], "Did you mean 'linear'? There is: linear, multiscale."),
        ("linear", [], "There is: none."),
    ],
)
def test_only_a_close_name_is_suggested(name: str, known: list[str], sentence: str) -> None:
    assert suggest(name, known) == sentence


def test_kinds_have_names_of_their_own(registry: Registry) -> None:
    loss = Component("loss", "linear", "json:loads", "")
    registry.add([loss], "second (two 1.0)")
    assert registry.get("loss", "linear") == loss
    assert registry.get("head", "linear") != loss
    assert registry.provider("loss", "linear") == "second (two 1.0)"
    assert registry.names("loss") == ["linear"]


def test_entries_are_sorted_by_kind_and_name(registry: Registry) -> None:
    registry.add([Component("dataset", "z", "json:loads", "")], "second (two 1.0)")
    found = [(entry.component.kind, entry.component.name) for entry in registry.entries()]
    assert found == [("dataset", "z"), ("head", "linear"), ("head", "multiscale")]


def test_a_plugin_that_takes_a_name_already_there_gives_nothing(registry: Registry) -> None:
    with pytest.raises(ComponentError, match=r"head 'linear' is already provided by first \(one 1.0\)"):
        registry.add([head("fresh"), head("linear")], "second (two 1.0)")
    assert registry.names("head") == ["linear", "multiscale"]


def test_a_plugin_can_not_offer_a_name_twice() -> None:
    with pytest.raises(ComponentError, match="already provided by only"):
        Registry().add([head("x"), head("x")], "only (one 1.0)")
