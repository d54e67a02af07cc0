"""Which checks a plugin's name stands for, and what a plugin as a whole is held to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ferkit.errors import ComponentError
from ferkit.testing import Check, find_checks, run_checks
from ferkit.testing.parametrize import match_failures

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
    for module in ("plugin_of_a_test", "inner_of_a_test"):
        sys.modules.pop(module, None)


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
        (RIGHT.replace("[Component", "[] and [Component"), "offers_components", "got:      none"),
        ("import PIL\n" + RIGHT, "imports_nothing_heavy", "got:      PIL"),
        (
            "if False:\n    from ferkit_losses.focal import FocalLoss\n" + RIGHT,
            "imports_only_what_is_public",
            "ferkit_losses.focal (plugin_of_a_test.py:2)",
        ),
        (
            "import ferkit.errors\nfrom ferkit import messages\n" + RIGHT,
            "imports_only_what_is_public",
            "ferkit.errors (plugin_of_a_test.py:1), ferkit.messages (plugin_of_a_test.py:2)",
        ),
    ],
)
def test_a_plugin_that_is_wrong_as_a_whole_is_told(write: Write, code: str, check: str, told: str) -> None:
    found = failures(write(code))
    assert set(found) == {check}
    assert told in found[check]


def test_what_an_import_prints_is_no_import_of_anything(write: Write) -> None:
    assert failures(write('print("hello world")\n' + RIGHT)) == {}


@pytest.mark.parametrize("name", ["ferkit_outputs", "outputs"])
def test_a_plugin_is_found_by_its_module_and_by_its_entry_point(name: str) -> None:
    subjects = {str(check.subject) for check in find_checks(name)}
    assert {"ferkit_outputs", "output.identity", "output.output_mixup"} <= subjects
    assert not any(one.startswith("head.") for one in subjects)


@pytest.mark.parametrize("name", ["ferkit", "Ferkit"])
def test_a_distribution_stands_for_all_its_plugins(name: str) -> None:
    subjects = {str(check.subject) for check in find_checks(name)}
    assert {"ferkit_detectors", "detector.mtcnn", "head.linear", "weights.vggface2"} <= subjects


@pytest.mark.parametrize("name", ["ferkit_outpts", "no.such.module", ".."])
def test_an_unknown_plugin_is_told_with_the_closest(name: str) -> None:
    with pytest.raises(ComponentError, match=r"no plugin or module is called .* There is: .*ferkit_outputs"):
        find_checks(name)


def test_options_of_a_component_that_is_not_there_are_told() -> None:
    with pytest.raises(ComponentError, match=r"no 'output.identiti'. Did you mean 'output.identity'"):
        find_checks("ferkit_outputs", {"output.identiti": {}})


def test_a_component_that_cannot_be_built_fails_once_and_says_why_elsewhere(write: Write) -> None:
    checks = find_checks(write(RIGHT), {"head.of_a_test": {"dropout": 7}})
    outcomes = {one.check.name: one for one in run_checks(checks, {})}
    assert [name for name, one in outcomes.items() if one.status == "failed"] == ["is_built_from_its_options"]
    assert "dropout probability has to be between 0 and 1" in outcomes["is_built_from_its_options"].told
    assert outcomes["answers_are_finite"].told.startswith("it cannot be built: see head.of_a_test.is_built")


def told_of(checks: list[Check], status: str) -> dict[str, str]:
    return {one.check.name: one.told for one in run_checks(checks, {}) if one.status == status}


def test_a_component_that_cannot_be_loaded_fails_once_with_its_line(write: Write, tmp_path: Path) -> None:
    (tmp_path / "inner_of_a_test.py").write_text("from torch import nn\n\nclass Head(nn.Modul): ...\n")
    code = RIGHT.replace("tests.testing.wrong.right:RightHead", "inner_of_a_test:Head")
    checks = find_checks(write(code))
    failed = told_of(checks, "failed")
    assert set(failed) == {"can_be_loaded"}
    assert "module 'torch.nn' has no attribute 'Modul'" in failed["can_be_loaded"]
    assert "(inner_of_a_test.py:3)" in failed["can_be_loaded"]
    skipped = told_of(checks, "skipped")
    assert skipped["refuses_unknown_options"] == "it cannot be loaded: see head.of_a_test.can_be_loaded"
    assert set(told_of(checks, "passed")) == {
        "offers_components",
        "imports_nothing_heavy",
        "imports_only_what_is_public",
        "has_a_summary",
    }


def test_options_for_a_broken_plugin_leave_its_cause_to_a_check(write: Write) -> None:
    module = write(RIGHT.replace("def ferkit_components", "def ferkit_component"))
    checks = find_checks(module, {"head.of_a_test": {"dropout": 0.1}})
    failed = told_of(checks, "failed")["offers_components"]
    assert "unknown hook 'ferkit_component'. Did you mean 'ferkit_components'?" in failed
    assert "recipe" not in failed
    assert match_failures(checks, {"head.of_a_test.is_documented": "not yet"}) == {}


def test_a_wrong_shape_is_told_once_and_nothing_is_guessed_from_it(write: Write) -> None:
    code = RIGHT.replace("right:RightHead", "network:SqueezesLogits")
    skipped = told_of(find_checks(write(code)), "skipped")
    reason = "it depends on a failed check: see head.of_a_test.gives_a_logit_for_each_class"
    assert skipped["sees_each_image_alone"] == skipped["takes_a_batch_of_one"] == reason


def test_a_root_that_is_not_there_is_told_once() -> None:
    checks = find_checks("ferkit_datasets", {"dataset.image_folder": {"root": "nowhere"}})
    failed = told_of(checks, "failed")
    assert set(failed) == {"finds_no_problem_in_its_data"}
    assert "nothing at root = nowhere" in failed["finds_no_problem_in_its_data"]


def test_an_option_that_is_needed_is_asked_for_as_both_ways_of_checking_take_it() -> None:
    skipped = told_of(find_checks("ferkit_datasets"), "skipped")["gives_samples"]
    assert "options={'dataset.sfew2': {'root': ...}}, or --set dataset.sfew2.root=..." in skipped


def test_an_error_of_the_components_own_is_told_with_its_line(write: Write, tmp_path: Path) -> None:
    inner = "from tests.testing.wrong.right import RightHead\n\nclass Head(RightHead):\n"
    inner += "    def embed(self, features):\n        return oops\n"
    (tmp_path / "inner_of_a_test.py").write_text(inner)
    checks = find_checks(write(RIGHT.replace("tests.testing.wrong.right:RightHead", "inner_of_a_test:Head")))
    told = told_of(checks, "failed")["gives_a_logit_for_each_class"]
    assert "It is raised in embed (inner_of_a_test.py:5). A component must not raise here." in told


def test_times_are_told() -> None:
    outcomes = run_checks(find_checks("ferkit_outputs"), {})
    told, *_ = [one.told for one in outcomes if one.check.name == "tells_its_time"]
    assert told.endswith("ms for 3 images")
