"""README.md opens with one sentence and two commands, stays short, and names every command."""

from __future__ import annotations

import re

import yaml

from ferkit.cli import app
from ferkit.recipe.grid import candidates
from tests.documentation.blocks import ROOT, read_blocks
from tests.documentation.reader import add_to_quickstart

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_opens_with_the_two_commands() -> None:
    first = re.findall(r"```\n(.*?)```", README, re.S)[0]
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make demo", "make test"]
    assert README.index(first) < 200


def test_every_command_of_the_readme_is_one_and_every_one_is_in_the_readme() -> None:
    named = set(re.findall(r"^\| `ferkit ([\w-]+)", README, re.M))
    commands = {one.callback.__name__.replace("_", "-") for one in app.registered_commands if one.callback}
    assert named == commands | {group.name for group in app.registered_groups}


def test_the_images_of_the_readme_are_small() -> None:
    images = re.findall(r'<img src="([^"]+)"', README)
    assert images
    assert [one for one in images if (ROOT / one).stat().st_size > 300_000] == []


def test_the_readme_has_at_most_a_thousand_words() -> None:
    """Count prose and code, but no table and no HTML: `grep -v '^[|<]' README.md | wc -w`."""
    counted = [line for line in README.splitlines() if line[:1] not in ("|", "<")]
    assert len(" ".join(counted).split()) <= 1000


def test_the_search_of_the_evaluation_page_tries_every_combination() -> None:
    (block,) = [one for one in read_blocks("docs/evaluation.md") if one.language == "toml"]
    recipe = add_to_quickstart(block)
    assert [one.settings for one in candidates(recipe)][1] == {
        "fit.optimizer.lr": 1e-4,
        "model.image_size": 224,
    }


def test_the_workflow_calls_the_readmes_test_command_on_each_python() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test", "make check", "make docs"]
