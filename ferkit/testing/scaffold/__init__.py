"""Create a plugin: a package that ferkit lists and whose tests pass as they are."""

from __future__ import annotations

import datetime
import importlib.util
import keyword
import re
from importlib import resources
from pathlib import Path
from string import Template

from ferkit.components.component import KINDS
from ferkit.components.discovery import load_plugins
from ferkit.errors import ComponentError
from ferkit.messages import suggest
from ferkit.version import __version__

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
ALONE = {"dataset"}
"""Kinds whose tests need more than one line: their template lies in tests/."""


def write_package(name: str, kind: str, folder: Path) -> Path:
    """Writes the package `ferkit-<name>` into `folder`, and gives its path.

    Raises ComponentError for a name that can't be one or is taken, an unknown kind, a folder that is there.
    """
    check_name(name, kind)
    package = folder / f"ferkit-{name.replace('_', '-')}"
    if package.exists():
        raise ComponentError(f"{package} is there already. Take another name, or --in another folder.")
    values = _values(name, kind)
    try:
        for path, template in _files(name, kind).items():
            file = package / path
            file.parent.mkdir(parents=True, exist_ok=True)
            text = resources.files(__name__).joinpath("templates", template).read_text(encoding="utf-8")
            file.write_text(Template(text).substitute(values), encoding="utf-8")
    except OSError as error:
        raise ComponentError(f"{package} can't be written: {error}") from error
    return package


def check_name(name: str, kind: str) -> None:
    """Raises ComponentError, with what would do."""
    if kind not in KINDS:
        raise ComponentError(f"no kind of component is called {kind!r}. {suggest(kind, KINDS)}")
    if name.startswith("ferkit"):
        rest = name.removeprefix("ferkit").strip("-_") or "maxpool"
        raise ComponentError(f"{name!r}: the package is called ferkit_ anyhow; give the rest, {rest!r}")
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")
        hint = f", e.g. {plain!r}" if NAME.fullmatch(plain) and not keyword.iskeyword(plain) else ""
        raise ComponentError(
            f"{name!r} can't be a name: expected small letters, digits and single underscores, a letter "
            f"first, and no word of Python's{hint}"
        )
    if importlib.util.find_spec(module := f"ferkit_{name}"):
        raise ComponentError(
            f"a package {module} is installed already, and the new one would take its place. Take another "
            "name."
        )
    registry = load_plugins()
    if name in registry.names(kind):
        provider = registry.provider(kind, name)
        raise ComponentError(f"{kind} {name!r} is already provided by {provider}. Take another name.")


def _files(name: str, kind: str) -> dict[str, str]:
    """Each file of the package, and the template that it is made from."""
    module = f"ferkit_{name}"
    return {
        "pyproject.toml": "pyproject.toml.template",
        "README.md": "README.md.template",
        "LICENSE": "LICENSE.template",
        ".gitignore": "gitignore.template",
        ".github/workflows/test.yml": "workflow.yml.template",
        f"{module}/__init__.py": "hook.py.template",
        f"{module}/py.typed": "empty.template",
        f"{module}/{kind}.py": f"code/{kind}.py.template",
        "tests/test_conformance.py": f"tests/{kind if kind in ALONE else 'any'}.py.template",
    }


def _values(name: str, kind: str) -> dict[str, str]:
    title = "".join(word.capitalize() for word in name.split("_"))
    return {
        "name": name,
        "kind": kind,
        "package": f"ferkit_{name}",
        "project": f"ferkit-{name.replace('_', '-')}",
        "target": name.upper() if kind == "weights" else f"{title}{kind.capitalize()}",
        "article": "an" if kind[0] in "aeiou" else "a",
        "recipe": RECIPES[kind].replace("NAME", name),
        "version": ".".join(__version__.split(".")[:2]),
        "year": str(datetime.date.today().year),
    }


RECIPES = {
    "dataset": '[data]\nname = "NAME"\nroot = "images"',
    "detector": '[detector]\nname = "NAME"',
    "backbone": '[model]\nbackbone = { name = "NAME" }',
    "head": '[model]\nhead = { name = "NAME" }',
    "output": '[model]\noutput = { name = "NAME" }',
    "loss": '[loss]\nname = "NAME"',
    "descriptor": '[estimator]\nname = "svm"\ndescriptors = [{ name = "NAME" }]',
    "estimator": '[estimator]\nname = "NAME"',
    "weights": '[model]\nbackbone = { name = "inception_resnet_v1", weights = "NAME" }',
}
"""How a recipe names a component of each kind."""
