"""The component of a step of `[[augment]]`."""

from __future__ import annotations

from ferkit.components.part import Part
from ferkit.components.registry import Registry

DEFAULT = "albumentations"
"""Provider of the transforms that a recipe names without a provider."""


def resolve_step(part: Part, registry: Registry) -> Part:
    """Return the component of a step. A name that no component has is a transform of the default provider."""
    is_short = part.name not in registry.names("augmentation") and "transform" not in part.options
    return Part(**{**part.options, "name": DEFAULT, "transform": part.name}) if is_short else part
