"""Libraries that have a transform which another library lacks."""

from __future__ import annotations

import json
from importlib import import_module

from ferkit.plugin import ComponentError

PROVIDERS = ("albumentations", "torchvision", "kornia")


def find_elsewhere(transform: str, library: str) -> str:
    """Return a hint that names the first other library with this transform; "" if none has it.

    Args:
        transform: Name of the class.
        library: The library that lacks it, such as "torchvision.transforms.v2".
    """
    for provider in PROVIDERS:
        if provider != library.partition(".")[0] and _has(provider, transform):
            table = f'name = "{provider}", transform = {json.dumps(transform)}'
            return f"{provider} has it: {{ {table} }}."
    return ""


def _has(provider: str, transform: str) -> bool:
    try:
        known = import_module(f"ferkit_augmentations.of_{provider}").find_transforms()
    except ComponentError:  # its library is not installed
        return False
    return transform in known
