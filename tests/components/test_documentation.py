"""What is said of components, in the terminal and on the documentation's pages."""

from __future__ import annotations

import pytest

from ferkit.components.component import KINDS, Component
from ferkit.components.discovery import load_plugins
from ferkit.components.documentation import documentation, options
from ferkit.components.registry import Registry


class Nested:
    """A component that others take."""


class Opaque:
    """No component."""


class Example:
    """Has defaults of all sorts."""

    def __init__(
        self,
        needed: int,
        side: float = 0.5,
        word: str = "é",
        nothing: str | None = None,
        pair: tuple[int, int] = (1, 2),
        nested: tuple[Nested, ...] = (Nested(),),
        opaque: Opaque = Opaque(),  # noqa: B008
    ) -> None: ...


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    named = {"example": "Example", "inner": "Nested"}
    offered = [Component("descriptor", name, f"{__name__}:{target}", "") for name, target in named.items()]
    registry.add(offered, "a (a 1)")
    return registry


def test_defaults_are_written_as_a_recipe_has_them(registry: Registry) -> None:
    told = {one.name: one.default for one in options(registry.get("descriptor", "example"), registry)}
    assert told == {
        "needed": "required",
        "side": "0.5",
        "word": '"é"',
        "nothing": "none",
        "pair": "[1, 2]",
        "nested": '[{ name = "inner" }]',
        "opaque": "Opaque",
    }


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "weights"])
def test_no_default_of_a_built_in_component_is_an_address(kind: str) -> None:
    registry = load_plugins()
    for name in registry.names(kind):
        told = options(registry.get(kind, name), registry)
        assert not [one for one in told if " object at " in one.default or " at 0x" in one.default]


def test_the_svms_descriptors_are_told_by_name() -> None:
    registry = load_plugins()
    (told,) = [o for o in options(registry.get("estimator", "svm"), registry) if o.name == "descriptors"]
    assert told.default == '[{ name = "phog" }, { name = "lpq" }]'


@pytest.mark.parametrize("kind", KINDS)
def test_no_documentation_refers_a_reader_to_a_name_in_the_code(kind: str) -> None:
    registry = load_plugins()
    for name in registry.names(kind):
        told = documentation(registry.get(kind, name))
        assert "see LAYOUT" not in told
        assert "see `" not in told, name


class Open:
    """Takes the options of something else."""

    def __init__(self, transform: str, **options: object) -> None: ...


def test_open_options_are_neither_a_type_nor_required(registry: Registry) -> None:
    component = Component("descriptor", "open", f"{__name__}:Open", "")
    first, rest = options(component, registry)
    assert (first.takes, first.default) == ("a string", "required")
    assert (rest.takes, rest.default) == ("all other keys", "none")
