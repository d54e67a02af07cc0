"""A component by reference."""

from __future__ import annotations

import json

import pytest

from ferkit.components.component import KINDS, Component
from ferkit.errors import ComponentError


@pytest.mark.parametrize(
    ("kind", "target", "message"),
    [
        ("heads", "json:dumps", "component 'x': unknown kind 'heads'; kinds: dataset, detector"),
        ("head", "json.dumps", "head 'x': expected a target \"package.module:Attribute\", got 'json.dumps'"),
        ("head", "json:a:b", "got 'json:a:b'"),
    ],
)
def test_a_malformed_component_is_refused_where_it_is_made(kind: str, target: str, message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        Component(kind, "x", target, "")  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_every_kind_can_be_offered() -> None:
    for kind in KINDS:
        Component(kind, "x", "json:dumps", "")  # type: ignore[arg-type]


def test_loading_gives_the_attribute_itself() -> None:
    assert Component("head", "x", "json:dumps", "").load() is json.dumps


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        ("no_such_module_of_ferkit:Head", "ModuleNotFoundError"),
        ("json:NoSuchHead", "AttributeError"),
        ("tests.plugins_for_tests.raises_on_import:Head", "ZeroDivisionError: division by zero"),
    ],
)
def test_whatever_goes_wrong_in_a_target_names_the_component(target: str, cause: str) -> None:
    with pytest.raises(ComponentError) as caught:
        Component("head", "broken", target, "").load()
    assert f"head 'broken' can't be loaded from {target}: {cause}" in str(caught.value)
