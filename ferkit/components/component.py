"""A component by reference, listed by a plugin without importing its code."""

from __future__ import annotations

import hashlib
import importlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from ferkit.components.provider import hint
from ferkit.components.tracebacks import describe, is_interrupt
from ferkit.errors import ComponentError

Kind = Literal[
    "dataset",
    "detector",
    "backbone",
    "head",
    "output",
    "loss",
    "augmentation",
    "optimizer",
    "scheduler",
    "callback",
    "descriptor",
    "estimator",
    "weights",
]
KINDS: tuple[str, ...] = get_args(Kind)
"""Kinds of component."""


def identify_class(made: type) -> str:
    """Return a class's module and name, and the hash of the file that defines it."""
    source = getattr(sys.modules.get(made.__module__), "__file__", None)
    digest = ""
    if source and Path(source).is_file():
        digest = hashlib.sha256(Path(source).read_bytes()).hexdigest()[:16]
    return f"{made.__module__}:{made.__qualname__} {digest}"


@dataclass(frozen=True, slots=True)
class Component:
    """A component that recipes can name.

    Attributes:
        kind: One of `KINDS`, such as "head".
        name: Name in recipes.
        target: "package.module:Attribute". It is imported when the component is used.
        summary: One line for `ferkit plugins`, at most 100 characters.
        provider: Module, distribution and version of the plugin. ferkit sets it.

    Raises:
        ComponentError: The kind is unknown, or the target has another form.
    """

    kind: Kind
    name: str
    target: str
    summary: str
    provider: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Check kind and target."""
        if self.kind not in KINDS:
            kinds = ", ".join(KINDS)
            raise ComponentError(f"component {self.name!r}: unknown kind {self.kind!r}; kinds: {kinds}")
        if self.target.count(":") != 1:
            raise ComponentError(
                f'{self.kind} {self.name!r}: expected a target "package.module:Attribute", '
                f"got {self.target!r}"
            )

    def load(self) -> Any:
        """Import the target.

        Returns:
            The class, or the `Weights` entry.

        Raises:
            ComponentError: The import fails.
        """
        module, _, attribute = self.target.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except BaseException as error:
            if is_interrupt(error):
                raise
            raise ComponentError(
                f"{self} can't be loaded from {self.target}: {describe(error, module)}. {self.hint}"
            ) from error

    def identify(self, built: object) -> str:
        """Return what its results may be cached under: provider, class, and the hash of the class's source.

        Another plugin's component of the same name, and one whose source was edited, differ.
        """
        return f"{self.provider} {identify_class(type(built))}"

    def __str__(self) -> str:
        """Return kind, name and provider, such as "head 'maxpool' of ferkit_maxpool (ferkit-maxpool 0.1)"."""
        return f"{self.kind} {self.name!r}" + (f" of {self.provider}" if self.provider else "")

    @property
    def hint(self) -> str:
        """Sentence on how to fix a broken component."""
        return hint(self.provider) if self.provider else "Fix the component."
