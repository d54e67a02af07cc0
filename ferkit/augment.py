"""The recipe's `[[augment]]` list: albumentations, by name, as one function of an image and a seed."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferkit.errors import Fault
from ferkit.recipe import Part
from ferkit.registry import suggest

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network for its newest version

import albumentations


class Augmentation:
    """albumentations' transforms, one after the other. Made of checked parts.

    side: given as `size` to the transforms that take a size and are told none.
    """

    def __init__(self, parts: Sequence[Part], side: int) -> None:
        self.compose = albumentations.Compose([make_transform(part, side) for part in parts])

    def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 -> (H', W', 3) uint8; the same seed alters an image in the same way."""
        self.compose.set_random_seed(seed)
        altered: NDArray[np.uint8] = self.compose(image=image)["image"]
        return altered


def make_transform(part: Part, side: int) -> albumentations.BasicTransform:
    """One transform by its class's name in albumentations."""
    transform = getattr(albumentations, part.name)
    options: dict[str, Any] = {name: _as_tuple(value) for name, value in part.options.items()}
    if "size" in inspect.signature(transform).parameters:
        options.setdefault("size", (side, side))
    return transform(**options)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def transform_names() -> list[str]:
    """The transforms that work on an image alone."""
    base = albumentations.ImageOnlyTransform, albumentations.DualTransform
    members = vars(albumentations).items()
    return sorted(name for name, one in members if isinstance(one, type) and issubclass(one, base))


def check_transforms(tables: Sequence[Any]) -> list[Fault]:
    """Every fault in the names and options of an `[[augment]]` list."""
    return [fault for index, table in enumerate(tables) for fault in _check(table, f"augment.{index}")]


def _check(table: Any, where: str) -> list[Fault]:
    if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
        return []  # the schema reports it
    name, known = table["name"], transform_names()
    if name not in known:
        return [Fault(f"{where}.name", f"albumentations has no transform {name!r}. {_closest(name, known)}")]
    options = inspect.signature(getattr(albumentations, name)).parameters
    # albumentations only warns of options that it does not know.
    unknown = [option for option in table if option not in {"name", *options}]
    if unknown:
        return [
            Fault(f"{where}.{one}", f"{name} has no option {one!r}. {suggest(one, options)}")
            for one in unknown
        ]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            make_transform(Part(**table), side=160)
    except Exception as error:
        return [Fault(where, f"{name} refuses its options: {_shorten(str(error))}")]
    return []


def _closest(name: str, known: Sequence[str]) -> str:
    """albumentations has too many transforms to list them all."""
    hint = suggest(name, known).partition(" There is:")[0]
    return hint if hint.startswith("Did") else "Its transforms are listed in albumentations' documentation."


def _shorten(message: str) -> str:
    """pydantic's message without its last lines, which point to its own pages."""
    lines = [line.strip() for line in message.splitlines() if "errors.pydantic.dev" not in line]
    return " ".join(lines)
