"""Plugins that are installed, broken or not: each broken one is named with what to do, and the rest work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ferkit.discovery import load_plugins
from ferkit.registry import Registry

Install = Callable[..., None]
HEAD = "from ferkit.plugin import Component, hookimpl\n"
GOOD = HEAD + (
    "@hookimpl\ndef ferkit_components():\n"
    "    return [Component('head', '{name}', '{module}.heavy:Head', 'A head of a test')]\n"
)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution with one plugin where Python finds installed ones."""
    monkeypatch.syspath_prepend(str(tmp_path))
    modules: list[str] = []

    def put(module: str, code: str, distribution: str = "", version: str = "1.2") -> None:
        modules.append(module)
        name = distribution or module
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[ferkit]\n{module} = {module}\n")

    yield put
    for module in modules:
        sys.modules.pop(module, None)


def broken_of(registry: Registry, module: str) -> tuple[str, str, str]:
    (found,) = [one for one in registry.broken if one.provider.startswith(module)]
    return found.provider, found.problem, found.remedy


def test_an_installed_plugin_is_found_with_its_distribution(install: Install) -> None:
    install("good_plugin", GOOD.format(name="of_a_test", module="good_plugin"))
    registry = load_plugins()
    assert registry.get("head", "of_a_test").summary == "A head of a test"
    assert registry.provider("head", "of_a_test") == "good_plugin (good_plugin 1.2)"


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import no_such_module_at_all", "it can't be imported: No module named 'no_such_module_at_all'"),
        ("def ferkit_components(:", "invalid syntax"),
        ("1 / 0", "division by zero"),
        (HEAD + "@hookimpl\ndef ferkit_components():\n    raise RuntimeError('no')", "no"),
        (HEAD + "@hookimpl\ndef ferkit_components():\n    raise RuntimeError", "RuntimeError"),
        (HEAD + "@hookimpl\ndef ferkit_component():\n    return []", "unknown hook 'ferkit_component'"),
        ("def ferkit_components():\n    return []", "it has no function ferkit_components marked"),
        (
            HEAD + "@hookimpl\ndef ferkit_components():\n    return ['head']",
            "gave 'head', which is no Component",
        ),
        (HEAD + "@hookimpl\ndef ferkit_components():\n    return None", "or one that gives None"),
        (
            HEAD + "@hookimpl\ndef ferkit_components():\n    return 3",
            "gave 3, which is no list of Components",
        ),
        (HEAD + "@hookimpl\ndef ferkit_components(recipe):\n    return []", "recipe"),
        (GOOD.replace("'head'", "'heads'"), "unknown kind 'heads'"),
        (GOOD.replace("heavy:", "heavy."), 'target is "package.module:Attribute"'),
    ],
)
def test_a_broken_plugin_is_reported_and_the_rest_work(install: Install, code: str, problem: str) -> None:
    install("bad_plugin", code, distribution="bad-plugin")
    install("other_plugin", GOOD.format(name="of_a_test", module="other_plugin"))
    registry = load_plugins()
    provider, found, remedy = broken_of(registry, "bad_plugin")
    assert provider == "bad_plugin (bad-plugin 1.2)"
    assert problem in found
    assert remedy == "Update it, or remove it: pip uninstall bad-plugin"
    assert registry.names("head").count("of_a_test") == 1


def test_of_two_plugins_with_one_name_the_first_is_kept_and_the_other_reported(install: Install) -> None:
    install("plugin_a", GOOD.format(name="contested", module="plugin_a"))
    install("plugin_b", GOOD.format(name="contested", module="plugin_b"))
    registry = load_plugins()
    assert registry.provider("head", "contested").startswith("plugin_a")
    assert "'contested' is already provided by plugin_a (plugin_a 1.2)" in broken_of(registry, "plugin_b")[1]


def test_no_plugin_can_take_a_name_of_ferkits_own(install: Install) -> None:
    """The stranger's entry point sorts before all of ferkit's."""
    own = next(e for e in load_plugins().entries() if "(ferkit " in e.provider)
    stranger = GOOD.format(name=own.component.name, module="aaa").replace("'head'", repr(own.component.kind))
    install("aaa_plugin", stranger)
    registry = load_plugins()
    assert registry.provider(own.component.kind, own.component.name) == own.provider
    assert f"is already provided by {own.provider}" in broken_of(registry, "aaa_plugin")[1]


def test_a_target_that_is_not_there_is_found_only_when_it_is_asked_for(install: Install) -> None:
    install("hollow_plugin", GOOD.format(name="hollow", module="hollow_plugin"))
    registry = load_plugins()
    assert [one for one in registry.broken if one.provider.startswith("hollow")] == []
    with pytest.raises(
        Exception, match=r"head 'hollow' of hollow_plugin .* can't be loaded .* pip uninstall hollow_plugin"
    ):
        registry.get("head", "hollow").load()


def test_a_module_that_a_recipe_names_is_loaded_after_the_installed_ones() -> None:
    registry = load_plugins(["tests.tiny_plugin"])
    assert registry.provider("dataset", "squares") == "tests.tiny_plugin (named by the recipe)"


def test_a_broken_module_that_a_recipe_names_says_so() -> None:
    registry = load_plugins(["no_such_module_at_all"])
    provider, problem, remedy = broken_of(registry, "no_such")
    assert provider == "no_such_module_at_all (named by the recipe)"
    assert problem == "it can't be imported: No module named 'no_such_module_at_all'"
    assert remedy == "Mend the module, or take it out of the recipe's `plugins`."


def test_naming_an_installed_plugin_in_a_recipe_too_does_no_harm(install: Install) -> None:
    install("good_plugin", GOOD.format(name="of_a_test", module="good_plugin"))
    registry = load_plugins(["good_plugin"])
    assert [one.provider for one in registry.broken if "good" in one.provider] == []
