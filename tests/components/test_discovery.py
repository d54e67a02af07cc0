"""Plugins that are installed, broken or not: each broken one is named with what to do, and the rest work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ferkit.components.discovery import load_plugins
from ferkit.components.hookspecs import SUPPORTED_VERSIONS
from ferkit.components.registry import Registry
from tests.conftest import Install

HEAD = "from ferkit.plugin import Component, hookimpl\n"
GOOD = HEAD + (
    "@hookimpl\ndef ferkit_components():\n"
    "    return [Component('head', '{name}', '{module}.heavy:Head', 'A head of a test')]\n"
)


def broken_of(registry: Registry, module: str) -> tuple[str, str, str]:
    (found,) = [one for one in registry.broken if one.provider.startswith(module)]
    return found.provider, found.problem, found.hint


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
        ("\n1 / 0", "ZeroDivisionError: division by zero (bad_plugin.py:2)"),
        ("import sys\nsys.exit(3)", "3"),
        ("ferkit_contract = 0\n" + GOOD, "it is made for version 0 of ferkit's plugin contract, and this"),
        (
            HEAD + "@hookimpl\ndef ferkit_components():\n    raise RuntimeError('no')",
            "RuntimeError: no (bad_plugin.py:4)",
        ),
        (HEAD + "@hookimpl\ndef ferkit_components():\n    raise RuntimeError", "RuntimeError"),
        (
            HEAD + "@hookimpl\ndef ferkit_component():\n    return []",
            "'ferkit_component'. Did you mean 'ferkit_components'",
        ),
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
        (GOOD.replace("heavy:", "heavy."), 'target "package.module:Attribute"'),
    ],
)
def test_a_broken_plugin_is_reported_and_the_rest_work(install: Install, code: str, problem: str) -> None:
    install("bad_plugin", code, distribution="bad-plugin")
    install("other_plugin", GOOD.format(name="of_a_test", module="other_plugin"))
    registry = load_plugins()
    provider, found, hint = broken_of(registry, "bad_plugin")
    assert provider == "bad_plugin (bad-plugin 1.2)"
    assert problem in found
    assert hint == "Update it, or remove it: pip uninstall bad-plugin"
    assert registry.names("head").count("of_a_test") == 1


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        ("3", "Update ferkit: pip install --upgrade ferkit"),
        ("0", "Update it, or remove it: pip uninstall bad-plugin"),
        ("'one'", "Update it, or remove it: pip uninstall bad-plugin"),
    ],
)
def test_a_plugin_for_another_contract_is_told_who_is_to_be_updated(
    install: Install, version: str, hint: str
) -> None:
    install("bad_plugin", f"ferkit_contract = {version}\n{GOOD}", distribution="bad-plugin")
    _, problem, found = broken_of(load_plugins(), "bad_plugin")
    assert f"version {version} of ferkit's plugin contract" in problem
    assert "supports 1 and 2" in problem
    assert found == hint


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("1 / 0", "Fix it in /home/some one/bad"),
        (
            GOOD.format(name="linear", module="bad_plugin"),
            "It needs another name. Fix it in /home/some one/bad",
        ),
    ],
)
def test_whoever_works_on_a_plugin_is_not_told_to_remove_it(
    install: Install, tmp_path: Path, code: str, hint: str
) -> None:
    install("bad_plugin", code, distribution="bad_plugin")
    origin = '{"url": "file:///home/some%20one/bad", "dir_info": {"editable": true}}'
    (tmp_path / "bad_plugin-1.2.dist-info" / "direct_url.json").write_text(origin)
    assert broken_of(load_plugins(), "bad_plugin")[2] == hint


def test_what_was_installed_from_a_folder_is_not_worked_on_there(install: Install, tmp_path: Path) -> None:
    install("bad_plugin", "1 / 0", distribution="bad_plugin")
    (tmp_path / "bad_plugin-1.2.dist-info" / "direct_url.json").write_text('{"url": "file:///home/bad"}')
    assert broken_of(load_plugins(), "bad_plugin")[2] == "Update it, or remove it: pip uninstall bad_plugin"


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_a_plugin_for_a_supported_contract_works(install: Install, version: int) -> None:
    stated = f"ferkit_contract = {version}\n"
    install("good_plugin", stated + GOOD.format(name="of_a_test", module="good_plugin"))
    assert "of_a_test" in load_plugins().names("head")


def test_a_distribution_whose_lists_cannot_be_read_harms_nobody(install: Install, tmp_path: Path) -> None:
    install("good_plugin", GOOD.format(name="of_a_test", module="good_plugin"))
    install("bad_plugin", "")
    (tmp_path / "bad_plugin-1.2.dist-info" / "entry_points.txt").write_text("[ferkit]\nno equals sign\n")
    assert "of_a_test" in load_plugins().names("head")


def test_of_two_versions_of_a_distribution_only_the_first_on_the_path_counts(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("good_plugin", GOOD.format(name="of_a_test", module="good_plugin"), distribution="good-plugin")
    shadowed = tmp_path / "later"
    (info := shadowed / "good_plugin-0.9.dist-info").mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: Good_Plugin\nVersion: 0.9\n")
    (info / "entry_points.txt").write_text("[ferkit]\nold = no_such_module_any_more\n")
    monkeypatch.setattr("sys.path", [*sys.path, str(shadowed)])
    registry = load_plugins()
    assert "of_a_test" in registry.names("head")
    assert [one.provider for one in registry.broken if "0.9" in one.provider] == []


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
    registry = load_plugins(["tests.plugins_for_tests.tiny_plugin"])
    assert (
        registry.provider("dataset", "squares") == "tests.plugins_for_tests.tiny_plugin (named by the recipe)"
    )


def test_a_broken_module_that_a_recipe_names_says_so() -> None:
    registry = load_plugins(["no_such_module_at_all"])
    provider, problem, hint = broken_of(registry, "no_such")
    assert provider == "no_such_module_at_all (named by the recipe)"
    assert problem == "it can't be imported: No module named 'no_such_module_at_all'"
    assert "next to the recipe" in hint


def test_naming_an_installed_plugin_in_a_recipe_too_does_no_harm(install: Install) -> None:
    install("good_plugin", GOOD.format(name="of_a_test", module="good_plugin"))
    registry = load_plugins(["good_plugin"])
    assert [one.provider for one in registry.broken if "good" in one.provider] == []
