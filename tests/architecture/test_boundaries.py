"""What may import what: plugins see only ferkit.plugin, and listing them loads nothing."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import ferkit.plugin

ROOT = Path(__file__).parents[2]
PLUGINS = sorted((ROOT / "plugins").glob("ferkit_*"))
LIGHT = {"__future__", "ferkit.plugin"}


def imported(path: Path) -> set[str]:
    """Every module that a file names in an import, wherever in it; `from . import x` as the package's own."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            modules.add(str(node.module))
            if node.module == "ferkit":
                modules |= {f"ferkit.{alias.name}" for alias in node.names}
    return modules


def test_plugins_import_from_ferkit_only_what_is_public_and_no_other_plugin() -> None:
    names = {one.name for one in PLUGINS}
    wrong = []
    for plugin in PLUGINS:
        for path in sorted(plugin.rglob("*.py")):
            tops = {module: module.partition(".")[0] for module in imported(path)}
            core = {module for module, top in tops.items() if top == "ferkit"} - {"ferkit.plugin"}
            others = {module for module, top in tops.items() if top in names - {plugin.name}}
            wrong += [f"{path.relative_to(ROOT)}: {module}" for module in sorted(core | others)]
    assert wrong == []


def test_the_core_knows_no_plugin() -> None:
    names = {one.name for one in PLUGINS}
    for path in sorted((ROOT / "ferkit").rglob("*.py")):
        assert {module.partition(".")[0] for module in imported(path)}.isdisjoint(names), path


def test_what_is_loaded_to_list_a_plugin_is_light() -> None:
    for plugin in PLUGINS:
        seen, todo = set(), [plugin / "__init__.py"]
        while todo:
            path = todo.pop()
            own = {module for module in imported(path) if module.startswith(plugin.name)}
            assert imported(path) - own <= LIGHT, path
            seen.add(path)
            siblings = {plugin.parent / Path(*module.split(".")).with_suffix(".py") for module in own}
            todo += sorted(siblings - seen)


def test_every_plugin_on_disk_has_its_entry_point_and_no_other_has() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = project["entry-points"]["ferkit"]
    assert points == {plugin.name.removeprefix("ferkit_"): plugin.name for plugin in PLUGINS}


def test_what_plugins_may_import_is_what_is_there() -> None:
    there = {name for name in vars(ferkit.plugin) if not name.startswith("_")} - {"annotations"}
    assert sorted(there) == sorted(ferkit.plugin.__all__)


def test_what_plugins_may_import_loads_nothing_heavy() -> None:
    code = "import sys, ferkit.plugin; print({'torch', 'numpy', 'pydantic', 'requests'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert answer.stdout == "set()\n"


def test_every_component_of_ferkits_own_can_be_loaded() -> None:
    from ferkit.components.discovery import load_plugins

    registry = load_plugins()
    assert registry.broken == []
    kinds = {entry.component.kind for entry in registry.entries()}
    assert kinds >= {"dataset", "detector", "backbone", "head", "output", "loss", "weights"}
    for entry in registry.entries():
        entry.component.load()


WORDS = {
    "arcface",
    "albumentations",
    "torchvision",
    "center",
    "constant",
    "cosine",
    "csv",
    "manifest",
    "tanh",
    "temperature",
    "timm",
    "whole_image",
    "step",
}
"""Components' names that are words of the core too: a file format, a library, a function, a value."""
NAMED = {
    # The schema's defaults.
    ("neural/options.py", "adam"),
    ("neural/options.py", "identity"),
    ("neural/options.py", "inception_resnet_v1"),
    ("neural/options.py", "linear"),
    ("recipe/schema.py", "cross_entropy"),
    ("recipe/schema.py", "mtcnn"),
    # Examples in help, messages and generated READMEs.
    ("cli/finetune.py", "msceleb1m"),
    ("cli/finetune.py", "mtcnn"),
    ("cli/predict.py", "mtcnn"),
    ("cli/reproduce.py", "sfew"),  # the table
    ("neural/network.py", "linear"),
    ("predict/face_finder.py", "mtcnn"),
    ("testing/scaffold/__init__.py", "inception_resnet_v1"),
    ("testing/scaffold/__init__.py", "svm"),
    # The table recipes/tables/sfew.toml.
    ("cli/table.py", "sfew"),
}


def named_components(folder: Path) -> set[tuple[str, str]]:
    """(file, component) of every string in code, docstrings not counted, that names a plugin's component."""
    from ferkit.components.discovery import load_plugins

    names = {entry.component.name for entry in load_plugins().entries()} - WORDS
    found = set()
    for path in sorted(folder.rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                words = set(re.findall(r"[\w-]+", node.value))
                found |= {(str(path.relative_to(folder)), name) for name in names & words}
    return found


def test_the_core_names_no_component_but_defaults_and_examples() -> None:
    assert named_components(ROOT / "ferkit") == NAMED


@pytest.mark.parametrize("code", ['DATA = {"name": "image_folder"}', "HINT = 'take vggface2, say'"])
def test_a_component_named_in_code_is_found(tmp_path: Path, code: str) -> None:
    (tmp_path / "one.py").write_text(f'"""Not a docstring\'s focal."""\n{code}\n')
    assert [file for file, _ in named_components(tmp_path)] == ["one.py"]
