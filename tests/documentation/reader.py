"""Does what a page tells its reader to do, in the reader's folder: writes files, runs commands and code."""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image
from skimage.data import astronaut

from ferkit.cli import app, main
from ferkit.recipe.load import load_recipe, load_table
from ferkit.recipe.parse import read_table
from ferkit.recipe.schema import Recipe
from ferkit.testing import draw_face
from tests.documentation.blocks import ROOT, Block

PEOPLE = ("ann", "bob", "eve", "joe")
EXPRESSIONS = {"neutral": "neutral", "smiling": "happiness"}


def draw_images(folder: Path) -> None:
    """Write the images that the pages use: class folders of drawn faces, and scikit-image's astronaut."""
    portrait = Image.fromarray(astronaut())  # type: ignore[no-untyped-call]
    portrait.save(folder / "astronaut.png")
    for name, label in EXPRESSIONS.items():
        (folder / "images" / name).mkdir(parents=True)
        for place, person in enumerate(PEOPLE):
            for turn in (1, 2):
                Image.fromarray(draw_face(label, 2 * place + turn)).save(
                    folder / "images" / name / f"{person}_{turn}.png"
                )


class Reader:
    """Somebody in a folder of their own, which is also where Python looks first.

    told: what the last block's commands or code printed.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.told = ""
        self.names: dict[str, Any] = {}
        monkeypatch.chdir(folder)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        for name, value in {"COLUMNS": "140", "FERKIT_CACHE": str(folder), "TORCH_HOME": str(folder)}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("FERKIT_DATA", raising=False)

    def follow(self, block: Block) -> None:
        """Raises AssertionError, or what the block raises. One that is not run is read all the same."""
        if block.reason:
            check_syntax(block)
        elif block.file:
            self.write(block)
        elif block.language == "console":
            self.told = "".join(self.run(command, block.status) for command in block.commands)
        elif not block.language:
            for line in block.text.splitlines():
                check_command(line)
        elif block.language == "text":
            self.compare(block)
        elif block.language == "python":
            self.told = self.execute(block)
        elif block.language == "toml":
            add_to_quickstart(block)
        else:
            raise AssertionError(f"{block}: blocks of {block.language!r} can't be run; mark it as not run")

    def write(self, block: Block) -> None:
        """A file of the reader's; a recipe is checked as `ferkit check` does."""
        path = self.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        if path.suffix == ".toml" and path.name != "pyproject.toml" and self.is_ready(block):
            load_recipe(block.file)

    def is_ready(self, block: Block) -> bool:
        """Whether the files that it names are there already; a later command of the page checks it if not."""
        manifest = tomllib.loads(block.text).get("manifest", {})
        return not manifest or (self.folder / manifest["file"]).exists()

    def run(self, command: str, status: int) -> str:
        words = shlex.split(command, comments=True)
        assert words[0] == "ferkit", f"{command}: only ferkit's commands are run; mark the block as not run"
        self.forget_modules()
        out = io.TextIOWrapper(
            io.BytesIO(), encoding="utf-8", write_through=True
        )  # some commands print bytes
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
        ):
            patch.setattr(sys, "argv", words)
            patch.setattr("ferkit.components.discovery.named_modules", [])
            with pytest.raises(SystemExit) as ended:
                main()
        out.seek(0)
        printed = out.read()
        assert ended.value.code == status, f"{command}\n{printed}"
        return printed

    def execute(self, block: Block) -> str:
        """Run a block of Python and return what it printed."""
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(block.text, str(block), "exec"), self.names)
        return out.getvalue()

    def compare(self, block: Block) -> None:
        """Every line of what the page shows was printed, spaces aside."""
        printed = " ".join(self.told.split())
        for line in block.text.splitlines():
            assert " ".join(line.split()) in printed, (
                f"{block}: {line!r} is not in what was printed:\n{self.told}"
            )

    def forget_modules(self) -> None:
        """Files of the reader's may have changed since they were imported."""
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(str(self.folder)):
                del sys.modules[name]
        importlib.invalidate_caches()


def check_syntax(block: Block) -> None:
    """What can be said of a block without running it: that its commands exist, and its code can be parsed."""
    if block.language == "toml":
        tomllib.loads(block.text)
    if block.language == "python":
        ast.parse(block.text)
    for command in block.commands:
        check_command(command)


def check_command(line: str) -> None:
    """Raises a usage error of the command line's for a command, argument or option that is none."""
    words = shlex.split(line, comments=True)
    if words[:1] == ["make"]:
        assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text(encoding="utf-8"), f"{line}: no such target"
    if words[:1] != ["ferkit"]:
        return
    name, command, rest = "ferkit", typer.main.get_command(app), words[1:]
    while hasattr(command, "resolve_command"):
        context = command.make_context(name, list(rest), resilient_parsing=True)
        if not rest:
            return
        name, command, rest = command.resolve_command(context, rest)
    command.make_context(name, list(rest))


def add_to_quickstart(block: Block) -> Recipe:
    """A part of a recipe, checked in the place of quickstart's own."""
    table = read_table("quickstart")
    for key, value in tomllib.loads(block.text).items():
        is_component = not isinstance(value, dict) or "name" in value
        table[key] = value if is_component else {**table.get(key, {}), **value}
    if "estimator" in table:
        for key in ("model", "loss", "augment", "fit"):
            table.pop(key, None)
    recipe, _ = load_table(str(block), table)
    return recipe
