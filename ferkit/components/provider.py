"""Who provides a component, as messages name it, and what to do where it is broken."""

from __future__ import annotations

PROJECT = "ferkit"
BY_RECIPE = "(named by the recipe)"
NOT_INSTALLED = "(not installed)"


def installed(module: str, distribution: str, version: str) -> str:
    """ "ferkit_detectors (ferkit 0.1.0)"."""
    return f"{module} ({distribution} {version})"


def named(module: str) -> str:
    """A module that a recipe names."""
    return f"{module} {BY_RECIPE}"


def not_installed(module: str) -> str:
    """A module that is checked as it lies there."""
    return f"{module} {NOT_INSTALLED}"


def module_of(provider: str) -> str:
    """Without the attribute of an entry point such as "package:plugin"."""
    return provider.partition(" ")[0].partition(":")[0]


def is_named(provider: str) -> bool:
    return provider.endswith(BY_RECIPE)


def is_own(provider: str) -> bool:
    """Whether ferkit itself provides it."""
    return provider.partition("(")[2].startswith(f"{PROJECT} ")


def hint(provider: str) -> str:
    """What whoever uses it can do, or its author, where it is installed to be worked on."""
    if is_named(provider):
        return "Mend the module, or take it out of the recipe's `plugins`."
    if provider.endswith(NOT_INSTALLED):
        return "Mend the module."
    distribution = provider.partition("(")[2].rstrip(")").split()[0]
    if folder := _edited_in(distribution):
        return f"Mend it: it is installed from {folder}"
    return f"Update it, or remove it: pip uninstall {distribution}"


def _edited_in(distribution: str) -> str:
    """The folder of what `pip install -e` installed; "" of anything else."""
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
