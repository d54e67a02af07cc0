"""What README.md shows works as it stands there."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from _pytest.outcomes import Skipped

from ferkit.assemble import build
from ferkit.cli import app
from ferkit.grid import candidates
from ferkit.loading import load_recipe, load_table, read_table
from ferkit.recipe import Part
from tests.predict.drawn import write_model, write_picture

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_readme_opens_with_the_two_commands() -> None:
    first = re.findall(r"```\n(.*?)```", README, re.S)[0]
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make demo", "make test"]
    assert README.index(first) < 20


def test_every_command_of_the_readme_is_one_and_every_one_is_in_the_readme() -> None:
    told = set(re.findall(r"^\| `ferkit (\w+)", README, re.M))
    commands = {one.callback.__name__ for one in app.registered_commands if one.callback}
    assert told == commands | {group.name for group in app.registered_groups}


PAGES = ("README.md", "docs/evaluation.md", "benchmarks/RESULTS.md", "benchmarks/OTHER.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_shows_has_the_options_that_it_is_given(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = [line for block in re.findall(r"```console\n(.*?)```", text, re.S) for line in block.splitlines()]
    for line in shown:
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[:1] != ["ferkit"]:
            continue
        name, command, rest = "ferkit", typer.main.get_command(app), words[1:]
        while hasattr(command, "resolve_command"):
            context = command.make_context(name, list(rest), resilient_parsing=True)
            name, command, rest = command.resolve_command(context, rest)
        command.make_context(name, list(rest))


def test_the_recipe_of_the_readme_has_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("neutral", "smiling"):
        (tmp_path / "photographs" / name).mkdir(parents=True)
        (tmp_path / "photographs" / name / "1.jpg").touch()
    (tmp_path / "smiles.toml").write_text(blocks("toml")[0])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    recipe, _ = load_recipe("smiles.toml")
    assert recipe.name == "smiles"


def test_the_search_of_the_evaluation_page_has_no_fault() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "evaluation.md").read_text("utf-8"), re.S)
    recipe, _ = load_table("evaluation.md", {**read_table("quickstart"), **tomllib.loads(block)})
    assert [one.settings for one in candidates(recipe)][1] == {
        "fit.optimizer.lr": 1e-4,
        "model.image_size": 224,
    }


def test_the_plugin_of_the_readme_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for block in blocks("python"):
        path = tmp_path / block.splitlines()[0].removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(block)
    monkeypatch.syspath_prepend(str(tmp_path))
    _, registry = load_recipe("quickstart", ['plugins=["ferkit_maxpool"]', 'model.head={name="maxpool"}'])
    head = build(registry, "head", Part(name="maxpool"), in_channels=8, num_classes=7)
    assert head(torch.zeros(2, 8, 3, 3)).shape == (2, 7)
    shown: dict[str, Any] = {}
    exec((tmp_path / "tests" / "test_conformance.py").read_text(), shown)
    (mark,) = shown["test_conformance"].pytestmark
    for param in mark.args[1]:
        with suppress(Skipped):
            shown["test_conformance"](param.values[0])
    for name in ("ferkit_maxpool", "ferkit_maxpool.head"):
        sys.modules.pop(name)


def test_the_prediction_of_the_readme_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = (block for block in blocks("python") if block.startswith("# expressions.py"))
    write_model(tmp_path / "smiles.safetensors")
    write_picture(tmp_path / "holiday" / "beach.jpg", (30, 30), quality=95)
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    face, as_theirs = capsys.readouterr().out.splitlines()
    assert face.startswith("(30.0, 30.0, 50.0, 50.0) ")
    assert "'dominant_emotion'" in as_theirs
