"""The provider of a component in messages, and hints for broken ones."""

from __future__ import annotations

PROJECT = "ferkit"
BY_RECIPE = "(named by the recipe)"
NOT_INSTALLED = "(not installed)"


def installed(module: str, distribution: str, version: str) -> str:
    """Return the provider of an installed plugin, such as "ferkit_detectors (ferkit 0.1.0)"."""
    return f"{module} ({distribution} {version})"


def named(module: str) -> str:
    """Return the provider for a module that a recipe names."""
    return f"{module} {BY_RECIPE}"


def not_installed(module: str) -> str:
    """Return the provider for a module that is not installed."""
    return f"{module} {NOT_INSTALLED}"


def module_of(provider: str) -> str:
    """Return the module of a provider, without the attribute of an entry point such as "package:plugin"."""
    return provider.partition(" ")[0].partition(":")[0]


def is_named(provider: str) -> bool:
    return provider.endswith(BY_RECIPE)


def is_own(provider: str) -> bool:
    """Return True for a bundled plugin."""
    return provider.partition("(")[2].startswith(f"{PROJECT} ")


def hint(provider: str) -> str:
    """Return a sentence for the user, or for the author if the plugin is installed in editable mode."""
    if is_named(provider):
        return "Fix the module, or remove it from the recipe's `plugins`."
    if provider.endswith(NOT_INSTALLED):
        return "Fix the module."
    distribution = provider.partition("(")[2].rstrip(")").split()[0]
    if folder := _edited_in(distribution):
        return f"Fix it in {folder}"
    return f"Update it, or remove it: pip uninstall {distribution}"


def _edited_in(distribution: str) -> str:
    """Return the folder of an editable installation (`pip install -e`), else ""."""
    import json
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import distribution as find
    from urllib.parse import unquote, urlsplit

    try:
        origin = json.loads(find(distribution).read_text("direct_url.json") or "{}")
        is_edited = origin.get("dir_info", {}).get("editable", False)
        return unquote(urlsplit(origin["url"]).path) if is_edited else ""
    except (PackageNotFoundError, OSError, ValueError, KeyError, AttributeError):
        return ""
