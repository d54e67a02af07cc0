"""Find plugins: installed ones by their entry points, and modules that a recipe or model names.

pluggy's loader stops at the first plugin that fails to import. Here each plugin has its own manager: a broken
one is recorded, and the others work.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from typing import Any

import pluggy

from ferkit.components.component import Component
from ferkit.components.hookspecs import CONTRACT_VERSION, PROJECT, SUPPORTED_VERSIONS, Hooks
from ferkit.components.provider import hint, installed, is_named, module_of, named
from ferkit.components.registry import BrokenPlugin, NameTakenError, Registry
from ferkit.components.tracebacks import describe, describe_call, is_interrupt, say
from ferkit.errors import ComponentError
from ferkit.messages import count_some, printable, suggest

UNKNOWN_HOOK = re.compile(r"unknown hook '(\w+)'")
HOOKS = [name for name in vars(Hooks) if name.startswith("ferkit_")]

named_modules: list[str] = []
"""Modules that were named in this process by a recipe of the user or a trusted model. Weights that they offer
are looked up later, and a model that names one of them needs no further consent."""


def load_plugins(modules: Iterable[str] = (), name: Callable[[str], str] = named) -> Registry:
    """Load all installed plugins and import the named modules; the caller vouches for these.

    Built-in plugins come first, so that no other plugin takes their names. A module that is also installed as
    a plugin is loaded once.

    Args:
        modules: Names of modules, as `import` takes them.
        name: Makes the provider of a named module.
    """
    registry = Registry()
    modules = list(modules)
    named_modules.extend(module for module in modules if module not in named_modules)
    for provider, point in _installed():
        _add(registry, provider, point.load)
    for module in modules:
        if module not in {module_of(entry.provider) for entry in registry.entries()}:
            _add(registry, name(module), partial(importlib.import_module, module))
    return registry


def load_plugins_of_model(modules: Iterable[str], where: object, is_trusted: bool = False) -> Registry:
    """Load the plugins of a model or run that may come from elsewhere.

    Args:
        modules: Names of modules that the model names.
        where: The model, for messages.
        is_trusted: Whether modules may be imported that no installed plugin provides.

    Raises:
        ComponentError: A module is neither provided by an installed plugin nor named in this process before.
    """
    modules = list(modules)
    unknown = [] if is_trusted else [module for module in modules if module not in named_modules]
    if unknown:
        provided = {module_of(provider) for provider, _ in _installed()}
        if foreign := [module for module in unknown if module not in provided]:
            missing = count_some([repr(one) for one in foreign])
            raise ComponentError(
                f"Cannot load {printable(str(where))}: it needs {missing}, which no installed plugin "
                "provides. Install the plugin. If you know the module, allow the import: --trust-plugins "
                "(Python: trust_plugins=True)."
            )
    return load_plugins(modules)


def make_importable(folder: Path) -> None:
    """Append a folder to Python's path, so that installed modules come first."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


@contextmanager
def importable(*folders: Path) -> Iterator[None]:
    """Append folders to Python's path, and remove them again."""
    added = [str(folder) for folder in folders if str(folder) not in sys.path]
    sys.path.extend(added)
    try:
        yield
    finally:
        for folder in added:
            with suppress(ValueError):
                sys.path.remove(folder)


def folders_of_model(path: Path) -> tuple[Path, ...]:
    """List the folders where modules of a trusted model or run are searched, after installed ones."""
    folder = path if path.is_dir() else path.parent
    return Path(os.path.abspath(folder)), Path.cwd()


def import_from_here() -> None:
    """Put the working directory first on Python's path, for `ferkit plugins check MODULE`."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())


def find_providers(name: str = "") -> list[str]:
    """List the installed plugins of a module, distribution or entry point; without a name, all modules."""
    if not name:
        return [point.value for _, point in _installed()]
    plain = _plain(name)
    return [
        provider
        for provider, point in _installed()
        if name in (point.value, point.name) or (point.dist and _plain(point.dist.name) == plain)
    ]


def _plain(name: str) -> str:
    """Normalise a distribution's name as the package index does."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed() -> list[tuple[str, EntryPoint]]:
    """List entry points in the group "ferkit", each once: the built-in ones, then by name.

    If two distributions have one name, Python imports the first on its path.
    """
    found: dict[tuple[str, str], tuple[bool, str, EntryPoint]] = {}
    seen: set[str] = set()
    for distribution in distributions():
        if not (points := _entry_points(distribution)):
            continue  # its name, which takes time to read, is not needed
        name = distribution.name or "unknown"
        if (plain := _plain(name)) in seen:
            continue
        seen.add(plain)
        version = distribution.version  # read from the file at each access
        for point in points:
            provider = installed(point.value, name, version)
            found.setdefault((name, point.value), (name != PROJECT, provider, point))
    ordered = sorted(found.values(), key=lambda item: (item[0], item[2].name, item[1]))
    return [(provider, point) for _, provider, point in ordered]


def _entry_points(distribution: Distribution) -> list[EntryPoint]:
    """List those in the group "ferkit"; none of a distribution whose lists cannot be read."""
    try:
        return [point for point in distribution.entry_points if point.group == PROJECT]
    except Exception:
        return []


def _add(registry: Registry, provider: str, load: Callable[[], Any]) -> None:
    try:
        registry.add(_components(load()), provider)
    except OtherContract as error:
        registry.broken.append(BrokenPlugin(provider, str(error), error.hint(provider)))
    except NameTakenError as error:
        registry.broken.append(BrokenPlugin(provider, str(error), f"It needs another name. {hint(provider)}"))
    except BaseException as error:  # a module may end in sys.exit()
        if is_interrupt(error):
            raise
        fix = _how_to_find(error, provider) or hint(provider)
        registry.broken.append(BrokenPlugin(provider, _describe(error, provider), fix))


def _how_to_find(error: BaseException, provider: str) -> str:
    """Say what to do if a named module does not exist where ferkit looks; "" for other errors."""
    module = module_of(provider)
    if not (is_named(provider) and isinstance(error, ModuleNotFoundError) and error.name):
        return ""
    if error.name != module and not module.startswith(f"{error.name}."):
        return ""
    top = module.partition(".")[0]
    is_here = os.path.exists(f"{top}.py") or os.path.isdir(top)
    here = f"{top} is in the working directory, which is not searched. " if is_here else ""
    return f"{here}Put {top} next to the recipe, install it, or add its folder to PYTHONPATH."


def _describe(error: BaseException, provider: str) -> str:
    """Word an error of a plugin; one raised by its own code, with its line."""
    if isinstance(error, pluggy.PluginValidationError) and (found := UNKNOWN_HOOK.search(say(error))):
        return f"it has an {found[0]}. {suggest(found[1], HOOKS)}".rstrip(".")
    if isinstance(error, ComponentError | pluggy.PluginValidationError | SyntaxError):
        return say(error)
    if isinstance(error, ImportError):
        return f"it can't be imported: {say(error)}{describe_call(error, module_of(provider))}"
    return describe(error, module_of(provider))


class OtherContract(Exception):  # noqa: N818  never leaves this module
    """The plugin is made for another version of the contract."""

    def __init__(self, version: object) -> None:
        self.is_newer = isinstance(version, int) and version > CONTRACT_VERSION
        super().__init__(
            f"it is made for version {version!r} of ferkit's plugin contract, and this ferkit supports "
            f"{' and '.join(map(str, SUPPORTED_VERSIONS))}"
        )

    def hint(self, provider: str) -> str:
        return "Update ferkit: pip install --upgrade ferkit" if self.is_newer else hint(provider)


def _components(plugin: object) -> list[Component]:
    """Call the plugin's hook. Raises if it is missing, misspelt or returns anything but components."""
    if (version := getattr(plugin, "ferkit_contract", CONTRACT_VERSION)) not in SUPPORTED_VERSIONS:
        raise OtherContract(version)
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(plugin)
    manager.check_pending()
    answers = manager.hook.ferkit_components()
    if not answers:
        raise ComponentError(
            "it has no function ferkit_components marked with @hookimpl, or one that gives None"
        )
    if not isinstance(answers[0], Iterable):
        raise ComponentError(f"ferkit_components gave {answers[0]!r}, which is no list of Components")
    components = list(answers[0])
    for component in components:
        if not isinstance(component, Component):
            raise ComponentError(f"ferkit_components gave {component!r}, which is no Component")
    return components
