"""Create a plugin package with code, tests and CI."""

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
"""Kinds with a test template of their own, in templates/tests/."""


def write_package(name: str, kind: str, folder: Path) -> Path:
    """Write the package `ferkit-<name>`.

    Args:
        name: Name of the component, such as "maxpool".
        kind: Kind of the component, one of `KINDS`.
        folder: Parent of the new package.

    Returns:
        The folder of the package.

    Raises:
        ComponentError: The name is invalid or taken, the kind is unknown, or the package exists.
    """
    check_name(name, kind)
    package = folder / f"ferkit-{name.replace('_', '-')}"
    if package.exists():
        raise ComponentError(f"{package} exists already. Choose another name, or another folder with --in.")
    values = _values(name, kind)
    try:
        for path, template in _files(name, kind).items():
            file = package / path
            file.parent.mkdir(parents=True, exist_ok=True)
            text = resources.files(__name__).joinpath("templates", template).read_text(encoding="utf-8")
            file.write_text(Template(text).substitute(values), encoding="utf-8")
    except OSError as error:
        raise ComponentError(f"Cannot write {package}: {error}") from error
    return package


def check_name(name: str, kind: str) -> None:
    """Raise ComponentError with a valid name if the name or kind is invalid."""
    if kind not in KINDS:
        raise ComponentError(f"no kind of component is called {kind!r}. {suggest(kind, KINDS)}")
    if name.startswith("ferkit"):
        rest = name.removeprefix("ferkit").strip("-_") or "maxpool"
        raise ComponentError(
            f"{name!r}: ferkit adds the prefix ferkit_ to the name of the package. Use {rest!r}."
        )
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")
        hint = f", e.g. {plain!r}" if NAME.fullmatch(plain) and not keyword.iskeyword(plain) else ""
        raise ComponentError(
            f"{name!r} is not a valid name: expected lower-case letters, digits and single underscores, "
            f"starting with a letter, and no keyword of Python{hint}"
        )
    if importlib.util.find_spec(module := f"ferkit_{name}"):
        raise ComponentError(
            f"a package {module} is installed already, and the new one would replace it. Choose another name."
        )
    registry = load_plugins()
    if name in registry.names(kind):
        provider = registry.provider(kind, name)
        raise ComponentError(f"{kind} {name!r} is already provided by {provider}. Choose another name.")


def _files(name: str, kind: str) -> dict[str, str]:
    """Map each file of the package to its template."""
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
    "augmentation": '[[augment]]\nname = "NAME"',
    "optimizer": '[fit]\noptimizer = { name = "NAME", lr = 1e-4 }',
    "scheduler": '[fit]\nschedule = { name = "NAME" }',
    "callback": '[[callback]]\nname = "NAME"',
    "descriptor": '[estimator]\nname = "svm"\ndescriptors = [{ name = "NAME" }]',
    "estimator": '[estimator]\nname = "NAME"',
    "weights": '[model]\nbackbone = { name = "inception_resnet_v1", weights = "NAME" }',
}
"""Kind to an example of a recipe."""
