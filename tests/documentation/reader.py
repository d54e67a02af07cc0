"""Follows a page in an empty folder: writes its files, runs its commands and code, compares the output."""

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
from ferkit.recipe.extends import read_table
from ferkit.recipe.load import load_recipe, load_table
from ferkit.recipe.schema import Recipe
from ferkit.report.table.definition import read_definition
from ferkit.testing import draw_face
from tests.documentation.blocks import ROOT, Block

PEOPLE = ("ann", "bob", "eve", "joe")
EXPRESSIONS = {"neutral": "neutral", "smiling": "happiness"}


def draw_images(folder: Path) -> None:
    """Write the files of the pages: class folders of drawn faces, scikit-image's astronaut, and a clip."""
    portrait = Image.fromarray(astronaut())  # type: ignore[no-untyped-call]
    portrait.save(folder / "astronaut.png")
    moved = [portrait.crop((4 * step, 0, 492 + 4 * step, 512)) for step in range(6)]
    moved[0].save(folder / "clip.gif", save_all=True, append_images=moved[1:], duration=40)
    for name, label in EXPRESSIONS.items():
        (folder / "images" / name).mkdir(parents=True)
        for place, person in enumerate(PEOPLE):
            for turn in (1, 2):
                Image.fromarray(draw_face(label, 2 * place + turn)).save(
                    folder / "images" / name / f"{person}_{turn}.png"
                )


class Reader:
    """A reader in a folder, which is first on Python's path.

    Attributes:
        folder: The working directory.
        printed: Output of the last block of commands or code.
        names: Names that the blocks of Python defined.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.printed = ""
        self.names: dict[str, Any] = {}
        monkeypatch.chdir(folder)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        environment = {
            "COLUMNS": "140",
            "CUDA_VISIBLE_DEVICES": "",  # checks of a GPU are skipped on every machine
            "FERKIT_CACHE": str(folder),
            "TORCH_HOME": str(folder),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("FERKIT_DATA", raising=False)

    def follow(self, block: Block) -> None:
        """Do what a block says, or parse a block that is not run.

        Raises AssertionError, or the error of the block.
        """
        if block.reason:
            check_syntax(block)
        elif block.file:
            self.write(block)
        elif block.language == "console":
            self.printed = "".join(self.run(command, block.status) for command in block.commands)
        elif not block.language:
            for line in block.text.splitlines():
                check_command(line)
        elif block.language == "text":
            self.compare(block)
        elif block.language == "python":
            self.printed = self.execute(block)
        elif block.language == "toml":
            add_to_quickstart(block)
        else:
            raise AssertionError(f"{block}: cannot run a block of {block.language!r}. Mark it as not run.")

    def write(self, block: Block) -> None:
        """Write a file. Check a recipe as `ferkit check` does, and the definition of a table."""
        path = self.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        if path.suffix != ".toml" or path.name == "pyproject.toml":
            return
        if "row" in tomllib.loads(block.text):
            read_definition(block.file)
        elif self.is_ready(block):
            load_recipe(block.file)

    def is_ready(self, block: Block) -> bool:
        """Return whether the manifest of a recipe exists. If not, a later command checks the recipe."""
        manifest = tomllib.loads(block.text).get("manifest", {})
        return not manifest or (self.folder / manifest["file"]).exists()

    def run(self, command: str, status: int) -> str:
        words = shlex.split(command, comments=True)
        assert words[0] == "ferkit", f"cannot run {command}: not a ferkit command. Mark the block as not run."
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
        """Check that every line of a block was printed, except spaces. A line `...` replaces other lines."""
        printed = " ".join(self.printed.split())
        for line in block.text.splitlines():
            if line.strip() == "...":
                continue
            assert " ".join(line.split()) in printed, (
                f"{block}: {line!r} is not in what was printed:\n{self.printed}"
            )

    def forget_modules(self) -> None:
        """Forget the imported modules of the folder, whose files may have changed."""
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(str(self.folder)):
                del sys.modules[name]
        importlib.invalidate_caches()


def check_syntax(block: Block) -> None:
    """Check the commands of a block, and parse its code, without running it."""
    if block.language == "toml":
        tomllib.loads(block.text)
    if block.language == "python":
        ast.parse(block.text)
    for command in block.commands:
        check_command(command)


def check_command(line: str) -> None:
    """Parse a command. Raises a usage error for an unknown command, argument or option."""
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
    """Replace the keys of the recipe quickstart by those of a block, and check the recipe."""
    table = read_table("quickstart")
    for key, value in tomllib.loads(block.text).items():
        is_component = not isinstance(value, dict) or "name" in value
        table[key] = value if is_component else {**table.get(key, {}), **value}
    if "estimator" in table:
        for key in ("model", "loss", "augment", "fit"):
            table.pop(key, None)
    recipe, _ = load_table(str(block), table)
    return recipe
