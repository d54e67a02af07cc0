"""Checks of a plugin as a whole: its module, and what it imports."""

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
"""Before what the check prints: an import may print too."""
TIMEOUT = 120


@dataclass(frozen=True)
class Plugin:
    """A plugin's module, who provides it, how many components it offers, and why it is broken, if it is."""

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
    """A hook that gives components."""
    if plugin.broken:
        raise CheckFailed("a plugin that can be listed", plugin.broken.problem, plugin.broken.hint)
    mend = "Return [Component(kind, name, target, summary)] from ferkit_components."
    expect(plugin.components > 0, "components", "none", mend)


@check("plugin")
def imports_nothing_heavy(plugin: Plugin) -> None:
    """An import of the plugin's module that loads neither torch nor numpy."""
    module = _loaded(plugin)
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}; import {module}; "
        f"print({MARK!r}, *set({HEAVY!r}) & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it ended without a message"]
        mend = f'Make `python -c "import {module}"` work.'
        raise CheckFailed(f"an import of {module} that works", lines[-1], mend)
    mend = "Import it in the target's module, not in the one with the hook: `ferkit plugins` imports that."
    heavy = done.stdout.rpartition(MARK)[2].split()
    expect(not heavy, "an import without torch and numpy", ", ".join(heavy), mend)


@check("plugin")
def imports_only_what_is_public(plugin: Plugin) -> None:
    """Of ferkit only ferkit.plugin (and ferkit.testing in its tests), and nothing of ferkit's own plugins."""
    files = list(_sources(_loaded(plugin)))
    if not files:
        skip("its source is not there")
    inner = sorted(
        {
            f"{name} ({path.name}:{line})"
            for path in files
            for name, line in _imported(path)
            if _is_inner(name, plugin)
        }
    )
    mend = (
        "Import from ferkit.plugin: only what is there stays as it is from version to version. Another "
        "plugin's component is had by its name: an option annotated ferkit.plugin.Loss, or the like."
    )
    expect(not inner, "imports from ferkit.plugin alone", ", ".join(inner), mend)


def _is_inner(name: str, plugin: Plugin) -> bool:
    """Whether a module belongs to ferkit, or to a plugin of its own that is not this one."""
    package = name.partition(".")[0]
    if package == PROJECT:
        return ".".join(name.split(".")[:2]) not in PUBLIC
    own = {module_of(provider).partition(".")[0] for provider in find_providers(PROJECT)}
    return package in own and package != plugin.module.partition(".")[0]


def _loaded(plugin: Plugin) -> str:
    """Its module; skips where that is broken."""
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
    """Modules that a file names, with the line; `from ferkit import x` as ferkit.x."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            is_root = node.module == "ferkit"
            names = [f"ferkit.{alias.name}" for alias in node.names] if is_root else [node.module]
            yield from ((name, node.lineno) for name in names)
