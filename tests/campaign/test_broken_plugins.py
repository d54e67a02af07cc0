"""Plugins that misbehave: the command ends with a message that names the plugin, and other plugins work."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from tests.campaign.broken_plugins import CALLS, HARMLESS, RAISES, RETURNS, write_plugin
from tests.campaign.campaign import Campaign
from tests.campaign.commands import PATH, Command
from tests.campaign.conftest import Start
from tests.experiment.test_run import RECIPE

PLUGINS = 300
INSTALLED = 40
KEYS = {"dataset": "data", "backbone": "model.backbone", "head": "model.head", "output": "model.output"}
SHORT = ("fit.epochs=1", "protocol.repeats=1", "protocol.folds=2")
MOST_TEXT = 20_000
TEST_PLUGIN = '"tests.plugins_for_tests.tiny_plugin"'


def all_trials() -> list[tuple[str, str, str, bool]]:
    """(kind, place, deed, whether it must fail)."""
    trials = []
    for kind, calls in CALLS.items():
        for place, deed in itertools.product(("import", "hook", "constructor", *calls), RAISES.values()):
            trials.append((kind, place, deed, True))
        trials += [(kind, place, deed, True) for place, deed in itertools.product(calls, RETURNS.values())]
        trials += [(kind, place, deed, False) for place, deed in itertools.product(calls, HARMLESS.values())]
    return trials


def run_with(folder: Path, kind: str, name: str) -> Command:
    """A run whose recipe names the plugin in its folder."""
    (folder / "work").mkdir(exist_ok=True)
    recipe = folder / "recipe.toml"
    text = RECIPE.format(root=folder / "images").replace(TEST_PLUGIN, f'"{name}", {TEST_PLUGIN}')
    recipe.write_text(text)
    root = f', root = "{folder / "images"}"' if kind == "dataset" else ""
    settings = [*SHORT, f'{KEYS.get(kind, kind)}={{ name = "bad"{root} }}']
    words = [word for one in settings for word in ("--set", one)]
    command = ["run", str(recipe), "--out", "run", "--quiet", *words]
    return Command(command, folder / "work", {"XDG_CACHE_HOME": str(folder / "cache")})


def check_answer(command: Command, name: str, must_fail: bool) -> None:
    process = command.start()
    process.join(120)
    is_hanging = process.is_alive()
    process.kill()
    process.join()
    told = command.log.read_text(errors="replace")
    assert not is_hanging, "it hangs"
    assert "Traceback" not in told, told[-3000:]
    assert len(told) < MOST_TEXT, f"{len(told)} characters: {told[:300]}"
    assert "\x1b" not in told, repr(told)
    if must_fail:
        assert process.exitcode in (1, 2), f"{process.exitcode}: {told}"
    if process.exitcode:
        assert name in told, told


def test_a_plugin_of_a_recipe_is_named(start: Start, tmp_path: Path) -> None:
    campaign = start("broken plugins of a recipe")
    trials = all_trials()
    campaign.random.shuffle(trials)
    for number in campaign.scaled(min(PLUGINS, len(trials))):
        kind, place, deed, must_fail = trials[number]
        folder, name = tmp_path / str(number), f"bad_plugin_{number}"
        folder.mkdir()
        (folder / f"{name}.py").write_text(write_plugin(kind, place, deed))
        with campaign.trial(f"{kind}, {place}: {deed}"):
            check_answer(run_with(folder, kind, name), name, must_fail)
    campaign.check()


def test_an_installed_plugin_stops_no_others(start: Start, tmp_path: Path) -> None:
    campaign = start("broken installed plugins")
    trials = list(itertools.product(("import", "hook"), RAISES.values()))
    campaign.random.shuffle(trials)
    for number in campaign.scaled(min(INSTALLED, len(trials))):
        place, deed = trials[number]
        with campaign.trial(f"{place}: {deed}"):
            try_installed(campaign, tmp_path / str(number), write_plugin("head", place, deed))
    campaign.check()


def try_installed(campaign: Campaign, folder: Path, code: str) -> None:
    """The plugin is listed as broken, and a recipe without it is checked."""
    info = folder / "bad_plugin-1.2.dist-info"
    info.mkdir(parents=True)
    (folder / "work").mkdir()
    (folder / "bad_plugin.py").write_text(code)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-plugin\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[ferkit]\nbad_plugin = bad_plugin\n")
    (folder / "recipe.toml").write_text(RECIPE.format(root=folder / "images"))
    path = {"XDG_CACHE_HOME": str(folder / "cache"), PATH: str(folder)}
    for words in (["plugins"], ["check", str(folder / "recipe.toml")]):
        command = Command(words, folder / "work", path)
        command.finish()
        told = command.log.read_text(errors="replace")
        assert "Traceback" not in told, told
        assert len(told) < MOST_TEXT, told[:300]
        assert words != ["plugins"] or "broken: bad_plugin (bad-plugin 1.2)" in told, told


@pytest.mark.parametrize("kind", CALLS)
def test_without_a_deed_a_plugin_runs(tmp_path: Path, kind: str) -> None:
    """Without this, every plugin could fail at its first line."""
    (tmp_path / "bad_plugin_0.py").write_text(write_plugin(kind, "nowhere", "pass"))
    run_with(tmp_path, kind, "bad_plugin_0").finish()
    assert "bad_plugin_0" not in sys.modules
