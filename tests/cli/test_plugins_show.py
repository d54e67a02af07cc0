"""`ferkit plugins show`."""

from __future__ import annotations

import pytest

from ferkit.cli.plugins.show import find_component, show
from ferkit.components.component import Component
from ferkit.components.registry import BrokenPlugin, Registry
from ferkit.errors import ComponentError


def shown(capsys: pytest.CaptureFixture[str], name: str) -> str:
    show(name)
    return capsys.readouterr().out


def test_a_component_is_shown_with_its_documentation_options_and_provider(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = shown(capsys, "multiscale")
    assert "provided by ferkit_heads (ferkit " in told
    assert "ferkit_heads.multiscale:MultiscaleHead" in told
    assert "\n    chain: " in told
    rows = [line.split() for line in told.splitlines()]
    assert ["widths", "3", "whole", "numbers", "[512,", "256,", "256]"] in rows
    assert ["map_size", "a", "whole", "number", "none"] in rows


def test_an_option_without_a_default_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    assert ["root", "a", "path", "required"] in [line.split() for line in shown(capsys, "sfew").splitlines()]


def test_a_component_without_options_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "output.identity").endswith("No options.\n")


def test_weights_are_shown_with_their_terms(capsys: pytest.CaptureFixture[str]) -> None:
    assert "licence: MIT" in shown(capsys, "weights.vggface2")


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    components = [Component("head", "center", "a:B", ""), Component("loss", "center", "a:C", "")]
    registry.add([*components, Component("head", "dotted.name", "a:B", "")], "a (a 1)")
    return registry


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("center", "2 kinds have .*'center'.* ferkit plugins show head.center, .* loss.center"),
        ("centre", "component 'centre'. Did you mean 'center'"),
        ("head.centre", "no head is called 'centre'. Did you mean 'center'"),
    ],
)
def test_a_name_that_is_not_one_component_is_told(registry: Registry, name: str, problem: str) -> None:
    with pytest.raises(ComponentError, match=problem):
        find_component(registry, name)


def test_a_broken_plugin_that_may_have_offered_it_is_told_with_the_cause(registry: Registry) -> None:
    registry.broken.append(BrokenPlugin("b (b 1)", "NameError: no (b.py:3)", "Mend it."))
    with pytest.raises(
        ComponentError, match=r"broken plugins \(see .*\): b \(b 1\): NameError: no \(b.py:3\)"
    ):
        find_component(registry, "of_b")


@pytest.mark.parametrize(("name", "kind"), [("loss.center", "loss"), ("dotted.name", "head")])
def test_a_component_is_found_by_kind_and_name(registry: Registry, name: str, kind: str) -> None:
    assert find_component(registry, name).kind == kind
