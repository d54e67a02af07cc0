"""Which checks a plugin's name stands for, and what a plugin as a whole is held to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ferkit.errors import ComponentError
from ferkit.testing import find_checks, run_checks

HOOK = """
from ferkit.plugin import Component, hookimpl
@hookimpl
def ferkit_components():
    return [Component("head", "of_a_test", "{target}:RightHead", "The mean of each channel")]
"""
RIGHT = HOOK.format(target="tests.testing.wrong.right")
Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a module that is a plugin."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(code: str) -> str:
        (tmp_path / "plugin_of_a_test.py").write_text(code)
        return "plugin_of_a_test"

    yield put
    sys.modules.pop("plugin_of_a_test", None)


def failures(module: str) -> dict[str, str]:
    return {
        outcome.check.name: outcome.told
        for outcome in run_checks(find_checks(module), {})
        if outcome.status == "failed"
    }


def test_a_right_plugin_that_is_not_installed_passes(write: Write) -> None:
    assert failures(write(RIGHT)) == {}


@pytest.mark.parametrize(
    ("code", "check", "told"),
    [
        ("def ferkit_components(:", "offers_components", "invalid syntax"),
        (RIGHT.replace("[Component", "[] and [Component"), "offers_components", "came:     none"),
        ("import PIL\n" + RIGHT, "imports_nothing_heavy", "came:     PIL"),
        (
            "import ferkit.errors\nfrom ferkit import registry\n" + RIGHT,
            "imports_only_what_is_public",
            "ferkit.errors (plugin_of_a_test.py:1), ferkit.registry (plugin_of_a_test.py:2)",
        ),
    ],
)
def test_a_plugin_that_is_wrong_as_a_whole_is_told(write: Write, code: str, check: str, told: str) -> None:
    found = failures(write(code))
    assert set(found) == {check}
    assert told in found[check]


def test_what_an_import_prints_is_no_import_of_anything(write: Write) -> None:
    assert failures(write('print("hello world")\n' + RIGHT)) == {}


@pytest.mark.parametrize("name", ["ferkit_output_mixup", "output_mixup"])
def test_a_plugin_is_found_by_its_module_and_by_its_entry_point(name: str) -> None:
    subjects = {str(check.subject) for check in find_checks(name)}
    assert subjects == {"ferkit_output_mixup", "output.identity", "output.output_mixup"}


@pytest.mark.parametrize("name", ["ferkit", "Ferkit"])
def test_a_distribution_stands_for_all_its_plugins(name: str) -> None:
    subjects = {str(check.subject) for check in find_checks(name)}
    assert {"ferkit_mtcnn", "detector.mtcnn", "head.linear", "weights.vggface2"} <= subjects


@pytest.mark.parametrize("name", ["ferkit_output_mixp", "no.such.module", ".."])
def test_an_unknown_plugin_is_told_with_the_closest(name: str) -> None:
    with pytest.raises(
        ComponentError, match=r"no plugin or module is called .* There is: .*ferkit_output_mixup"
    ):
        find_checks(name)


def test_options_of_a_component_that_is_not_there_are_told() -> None:
    with pytest.raises(ComponentError, match=r"offers no 'output.identiti'. Did you mean 'output.identity'"):
        find_checks("ferkit_output_mixup", {"output.identiti": {}})


def test_a_component_that_cannot_be_built_fails_once_and_says_why_elsewhere(write: Write) -> None:
    checks = find_checks(write(RIGHT), {"head.of_a_test": {"dropout": 7}})
    outcomes = {one.check.name: one for one in run_checks(checks, {})}
    assert [name for name, one in outcomes.items() if one.status == "failed"] == ["is_built_from_its_options"]
    assert "dropout probability has to be between 0 and 1" in outcomes["is_built_from_its_options"].told
    assert outcomes["answers_are_finite"].told.startswith("it can't be built: see head.of_a_test.is_built")


def test_times_are_told() -> None:
    outcomes = run_checks(find_checks("ferkit_output_mixup"), {})
    (told, _) = [one.told for one in outcomes if one.check.name == "tells_its_time"]
    assert told.endswith("ms for 3 images")
