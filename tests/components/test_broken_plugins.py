"""A plugin that goes wrong is named with what to do, wherever it goes wrong, and harms nobody else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ferkit.cli import main
from ferkit.components.discovery import load_plugins
from ferkit.components.plugin_failure import find_culprit
from ferkit.errors import ComponentError
from ferkit.recipe.dry_run import try_network
from ferkit.recipe.load import load_recipe
from tests.conftest import Install
from tests.experiment.test_run import RECIPE

ROOT = Path(__file__).parents[2]
REMEDY = "Fix the module, or remove it from the recipe's `plugins`."
PLUGINS = '"tests.plugins_for_tests.tiny_plugin", "tests.plugins_for_tests.midway_plugin"'
CHANGES = [
    word for one in ("fit.epochs=1", "protocol.folds=2", "protocol.repeats=1") for word in ("--set", one)
]


def ferkit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *typed: str
) -> tuple[int, str]:
    """The exit status, and what is told."""
    monkeypatch.setattr(sys, "argv", ["ferkit", *typed])
    with pytest.raises(SystemExit) as caught:
        main()
    written = capsys.readouterr()
    return int(caught.value.code or 0), written.err + written.out


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(ROOT)
    text = RECIPE.format(root=tmp_path / "images")
    (tmp_path / "midway.toml").write_text(text.replace('"tests.plugins_for_tests.tiny_plugin"', PLUGINS))
    return str(tmp_path / "midway.toml")


FOUND_BY_CHECK = [
    ("data", "RaisesInFaults", "failed to look for its data: KeyError: 'no column called path'"),
    ("model.head", "OneTooMany", "expected logits of shape (2, 8), got shape (2, 9)"),
    (
        "model.head",
        "NotBuiltHead",
        "can't be built with its options: RuntimeError: compiled for another torch",
    ),
    ("model.head", "Multiplies", " on 2 images of 24 by 24: RuntimeError: "),
    ("model.head", "Forgets", "failed in forward (midway_plugin.py:"),
    ("data", "SaysOneProblem", "expected problems, a list of strings, got str"),
    ("model.head", "InterruptsForward", "failed in forward (midway_plugin.py:"),
    ("model.head", "Unprintable", "failed in forward (midway_plugin.py:"),
    ("model.head", "LongMessage", "RuntimeError: words words"),
    ("loss", "NoModule", "expected a torch.nn.Module, got NoModule"),
    ("loss", "Unreduced", "expected one number, the batch's mean, got shape (2,)"),
    ("loss", "WantsWeights", " on labels (B,) int64: RuntimeError: "),
]
FOUND_BY_RUN = [
    ("data", "NamesOnly", "expected a list of Samples, got str "),
    ("data", "CountsNothing", "expected left_out, a mapping of reasons to numbers, got ('blurred',)"),
    ("data", "StumblesOverItsData", "failed in samples (midway_plugin.py:"),
    ("detector", "OneTooFew", "expected Detections for 12 images, got 11"),
    ("detector", "Tuples", "expected Detections, got tuple"),
    ("detector", "WidthsOnly", "expected boxes of shape (1, 4), got shape (1, 2)"),
    ("detector", "NotFinite", "expected boxes of finite numbers, got others"),
    ("detector", "FailsToDetect", "RuntimeError: no kernel image is available"),
    ("detector", "GivesNone", "expected a list of Detections, got NoneType"),
    ("detector", "Inverted", "expected boxes x0 y0 x1 y1 that overlap the image, got 30 5 10 25"),
    ("detector", "Outside", "that overlap the image, got 5000 5 5030 25"),
    ("detector", "InfiniteScore", "expected scores of finite numbers, got others"),
    ("detector", "Leaves", "ended the call: SystemExit: enough (midway_plugin.py:"),
    ("detector", "Interrupts", "ended the call: KeyboardInterrupt"),
    ("detector", "Closes", "ended the call: GeneratorExit"),
    ("detector", "NotBuilt", "can't be built with its options: OSError: libdetect.so is not there"),
    ("model.backbone", "KeepsAStageBack", "expected (B, 8, h, w) for stage 'late', got early only"),
    ("model.backbone", "OneMap", "expected a mapping of stages to feature maps, got shape (4, 8, "),
    ("model.backbone", "Flattens", "expected (B, 4, h, w) for stage 'early', got shape (4, "),
    ("model.head", "Squeezes", "expected logits of shape (4, 2), got shape (8,)"),
    ("model.head", "FailsInALibrary", "failed in forward (midway_plugin.py:"),
    ("model.head", "InterruptsTraining", "failed in forward (midway_plugin.py:"),
    ("model.output", "DropsAClass", "expected logits of shape (4, 2), got shape (4, 1)"),
    ("loss", "NoGradient", "expected a loss computed from the logits, got one without a gradient"),
    ("loss", "OnePerImage", "expected one number, the batch's mean, got shape (4,)"),
    ("estimator", "FailsToFit", "ZeroDivisionError: no face has this label"),
    ("estimator", "StopsTooSoon", "failed in fit (midway_plugin.py:"),
    ("estimator", "GivesOneRow", "returned an array of shape (1, 2); expected 6 rows of 2 probabilities"),
]


def setting(key: str, name: str, recipe: str) -> str:
    root = f', root = "{Path(recipe).parent / "images"}"' if key == "data" else ""
    return f'{key}={{ name = "{name}"{root} }}'


@pytest.mark.parametrize(("key", "name", "told"), FOUND_BY_CHECK)
def test_what_a_check_can_find_is_found_before_the_run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    recipe: str,
    key: str,
    name: str,
    told: str,
) -> None:
    status, found = ferkit(monkeypatch, capsys, "check", recipe, "--set", setting(key, name, recipe))
    assert status == 2
    assert f"'{name}' of tests.plugins_for_tests.midway_plugin (named by the recipe)" in found
    assert told in found
    assert len(found) < 5000


def test_the_problem_of_a_head_names_the_line_and_no_hint_that_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], recipe: str
) -> None:
    _, found = ferkit(monkeypatch, capsys, "check", recipe, "--set", 'model.head={name="Multiplies"}')
    code = (ROOT / "tests" / "plugins_for_tests" / "midway_plugin.py").read_text().splitlines()
    line = next(number for number, one in enumerate(code, start=1) if "rows.new_zeros(2, 3)" in one)
    assert f"failed in project (midway_plugin.py:{line}) on 2 images" in found
    assert "model.image_size" not in found
    assert REMEDY in found


def test_what_a_loss_makes_of_soft_targets_is_tried_where_the_data_have_them(recipe: str) -> None:
    checked, registry = load_recipe(recipe, ['loss={name="WantsLabels"}'])
    assert try_network(checked, registry, ["anger", "neutral"]) == []
    (problem,) = try_network(checked, registry, ["anger", "neutral"], has_soft_targets=True)
    assert problem.where == "loss"
    assert " on soft targets (B, K): " in problem.message


@pytest.mark.parametrize(("key", "name", "told"), FOUND_BY_RUN)
def test_what_goes_wrong_in_a_run_is_told_with_the_plugin_and_a_hint(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    recipe: str,
    key: str,
    name: str,
    told: str,
) -> None:
    out = str(Path(recipe).parent / "runs")
    typed = ["run", recipe, "--out", out, *CHANGES, "--set", setting(key, name, recipe)]
    status, found = ferkit(monkeypatch, capsys, *typed)
    assert status == 1, found
    assert told in found
    assert "tests.plugins_for_tests.midway_plugin (named by the recipe)" in found
    assert REMEDY in found


HOOK = (
    "from ferkit.plugin import Component, hookimpl\n@hookimpl\ndef ferkit_components():\n    return {given}\n"
)
BROKEN = {
    "an import error": "import no_such_module_at_all",
    "a hook that raises": HOOK.format(given="1 / 0"),
    "a name taken": HOOK.format(given="[Component('head', 'linear', 'a:B', '')]"),
    "an unknown kind": HOOK.format(given="[Component('heads', 'x', 'a:B', '')]"),
    "another contract": "ferkit_contract = 0\n" + HOOK.format(given="[]"),
    "an interruption": "raise KeyboardInterrupt",
    "an exception of its own kind": "class Mine(BaseException): ...\nraise Mine('no')",
    "a closed generator": HOOK.format(given="None") + "raise GeneratorExit",
    "an end of the process": "import sys\nsys.exit('not today')",
}


@pytest.mark.parametrize("code", BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_listed_with_a_hint_and_recipes_without_it_are_checked(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    install: Install,
    recipe: str,
    code: str,
) -> None:
    install("broken_plugin", code, distribution="broken-plugin")
    status, listed = ferkit(monkeypatch, capsys, "plugins")
    assert status == 0
    (line,) = [line for line in listed.splitlines() if line.startswith("broken:")]
    assert line.startswith("broken: broken_plugin (broken-plugin 1.2): ")
    assert line.endswith("Update it, or remove it: pip uninstall broken-plugin")
    status, told = ferkit(monkeypatch, capsys, "check", recipe)
    assert status == 0, told


def test_a_target_that_is_not_there_is_told_with_the_plugin_where_a_recipe_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], install: Install, recipe: str
) -> None:
    component = "[Component('head', 'hollow', 'hollow_plugin:Head', '')]"
    install("hollow_plugin", HOOK.format(given=component), distribution="hollow-plugin")
    assert ferkit(monkeypatch, capsys, "check", recipe)[0] == 0
    status, told = ferkit(monkeypatch, capsys, "check", recipe, "--set", 'model.head={name="hollow"}')
    assert status == 2
    assert "head 'hollow' of hollow_plugin (hollow-plugin 1.2) can't be loaded" in told
    assert "pip uninstall hollow-plugin" in told


def raised_by(*modules: str) -> Exception:
    """An exception that a function of the last module raised, called by those of the ones before it."""

    def fail() -> None:
        raise ValueError("no")

    for module in reversed(modules):
        scope: dict[str, object] = {"__name__": module, "inner": fail}
        exec("def fail():\n    inner()", scope)
        fail = scope["fail"]  # type: ignore[assignment]
    with pytest.raises(ValueError, match="no") as caught:
        fail()
    return caught.value


def test_an_exception_of_a_plugins_inner_module_is_the_plugins() -> None:
    registry = load_plugins(["tests.plugins_for_tests.midway_plugin"])
    told = find_culprit(raised_by("tests.plugins_for_tests.midway_plugin.inner"), registry)
    assert isinstance(told, ComponentError)
    assert "the plugin tests.plugins_for_tests.midway_plugin (named by the recipe) failed in fail" in str(
        told
    )


@pytest.mark.parametrize("module", ["ferkit_heads.linear", "ferkit.experiment.run", "numpy", "tests"])
def test_an_exception_of_ferkits_own_or_nobodys_keeps_its_traceback(module: str) -> None:
    assert find_culprit(raised_by(module), load_plugins(["tests.plugins_for_tests.midway_plugin"])) is None


def test_a_problem_of_the_core_is_not_the_plugins_that_called_it() -> None:
    registry = load_plugins(["tests.plugins_for_tests.midway_plugin"])
    assert (
        find_culprit(raised_by("tests.plugins_for_tests.midway_plugin", "ferkit.data.images"), registry)
        is None
    )
    assert find_culprit(
        raised_by("ferkit.experiment.run", "tests.plugins_for_tests.midway_plugin", "numpy"), registry
    )
