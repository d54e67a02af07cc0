"""Who provides a component, as messages name it, and what to do where it is broken."""

from __future__ import annotations

PROJECT = "ferkit"
BY_RECIPE = "(named by the recipe)"


def installed(module: str, distribution: str, version: str) -> str:
    """ "ferkit_mtcnn (ferkit 0.1.0)"."""
    return f"{module} ({distribution} {version})"


def named(module: str) -> str:
    """A module that a recipe names."""
    return f"{module} {BY_RECIPE}"


def module_of(provider: str) -> str:
    """Without the attribute of an entry point such as "package:plugin"."""
    return provider.partition(" ")[0].partition(":")[0]


def is_named(provider: str) -> bool:
    return provider.endswith(BY_RECIPE)


def is_own(provider: str) -> bool:
    """Whether ferkit itself provides it."""
    return provider.partition("(")[2].startswith(f"{PROJECT} ")


def remedy(provider: str) -> str:
    """What whoever uses it can do; its author is told of the checks."""
    if is_named(provider):
        return "Mend the module, or take it out of the recipe's `plugins`."
    distribution = provider.partition("(")[2].rstrip(")").split()[0]
    return f"Update it, or remove it: pip uninstall {distribution}"
