"""Checks of a whole plugin: its module and its imports."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ferkit.components.discovery import find_providers
from ferkit.components.provider import PROJECT, module_of
from ferkit.components.registry import BrokenPlugin
from ferkit.testing.check import CheckFailed, CheckFunction, check, expect, skip

HEAVY = ("torch", "numpy", "torchvision", "PIL", "cv2", "scipy", "sklearn", "skimage", "timm", "pandas")
PUBLIC = {"ferkit.plugin", "ferkit.testing"}
MARK = "ferkit: loaded"
"""Prefix of the check's output. An import can print too."""
TIMEOUT = 120


@dataclass(frozen=True)
class Plugin:
    """A plugin under test.

    Attributes:
        module: Name of its module.
        provider: Module, distribution and version.
        components: Number of its components.
        broken: The error of loading it, if any.
    """

    module: str
    provider: str
    components: int = 0
    broken: BrokenPlugin | None = None

    def __str__(self) -> str:
        return self.module

    def blocked(self, check: CheckFunction) -> str:
        return ""


@check("plugin")
def offers_components(plugin: Plugin) -> None:
    """Its hook returns components."""
    if plugin.broken:
        raise CheckFailed("a plugin that can be listed", plugin.broken.problem, plugin.broken.hint)
    fix = "Return [Component(kind, name, target, summary)] from ferkit_components."
    expect(plugin.components > 0, "components", "none", fix)


@check("plugin")
def imports_nothing_heavy(plugin: Plugin) -> None:
    """Importing its module imports neither torch nor numpy."""
    module = _loaded(plugin)
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}; import {module}; "
        f"print({MARK!r}, *set({HEAVY!r}) & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        fix = f'Make `python -c "import {module}"` work.'
        raise CheckFailed(f"a successful import of {module}", lines[-1], fix)
    fix = "Import it in the module of the target. `ferkit plugins` imports the module of the hook."
    heavy = done.stdout.rpartition(MARK)[2].split()
    expect(not heavy, "an import without torch and numpy", ", ".join(heavy), fix)


@check("plugin")
def imports_only_what_is_public(plugin: Plugin) -> None:
    """It imports only `ferkit.plugin` from ferkit (and `ferkit.testing` in tests), and no bundled plugin."""
    files = list(_sources(_loaded(plugin)))
    if not files:
        skip("it has no source files")
    inner = sorted(
        {
            f"{name} ({path.name}:{line})"
            for path in files
            for name, line in _imported(path)
            if _is_inner(name, plugin)
        }
    )
    fix = (
        "Import from ferkit.plugin, which is stable between versions. For another plugin's component, add an "
        "option with an interface as its type, such as ferkit.plugin.Loss."
    )
    expect(not inner, "imports from ferkit.plugin only", ", ".join(inner), fix)


def _is_inner(name: str, plugin: Plugin) -> bool:
    """Return True for a module of ferkit, or of another bundled plugin."""
    package = name.partition(".")[0]
    if package == PROJECT:
        return ".".join(name.split(".")[:2]) not in PUBLIC
    own = {module_of(provider).partition(".")[0] for provider in find_providers(PROJECT)}
    return package in own and package != plugin.module.partition(".")[0]


def _loaded(plugin: Plugin) -> str:
    """Return the name of the module. Skip the check if the plugin is broken."""
    if plugin.broken:
        skip(f"it is broken: see {plugin}.offers_components")
    return plugin.module


def _sources(module: str) -> Iterator[Path]:
    spec = importlib.util.find_spec(module)
    if spec and spec.submodule_search_locations:
        for folder in spec.submodule_search_locations:
            yield from sorted(Path(folder).rglob("*.py"))
    elif spec and spec.origin:
        yield Path(spec.origin)


def _imported(path: Path) -> Iterator[tuple[str, int]]:
    """Yield imported modules with the line. `from ferkit import x` is ferkit.x."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            is_root = node.module == "ferkit"
            names = [f"ferkit.{alias.name}" for alias in node.names] if is_root else [node.module]
            yield from ((name, node.lineno) for name in names)
