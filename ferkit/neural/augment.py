"""The `[[augment]]` list of a recipe: transforms of albumentations, as a function of image and seed."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ferkit.components.part import Part
from ferkit.errors import Problem
from ferkit.messages import describe_value, suggest
from ferkit.neural.augment_bounds import bound_problems, is_usual, size_problems
from ferkit.runtime.environment import temporary_variable

# Otherwise, the import looks for a newer version on the network.
with temporary_variable("NO_ALBUMENTATIONS_UPDATE", "1"):
    import albumentations


class Augmentation:
    """Transforms of albumentations, applied in order.

    Args:
        parts: Names and options, checked by `check_transforms`.
        side: Default of the option `size` of transforms, in pixels.
    """

    def __init__(self, parts: Sequence[Part], side: int) -> None:
        self.transforms = [make_transform(part, side) for part in parts]
        self.compose = albumentations.Compose(self.transforms)

    def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """Transform (H, W, 3) uint8 to (H', W', 3) uint8. The same seed gives the same result."""
        # Compose would give all transforms the same seed: those with equal p would occur together.
        seeds = np.random.SeedSequence(seed).generate_state(len(self.transforms))
        for transform, own in zip(self.transforms, seeds.tolist(), strict=True):
            transform.set_random_seed(own)
        altered: NDArray[np.uint8] = self.compose(image=image)["image"]
        return altered


def make_transform(part: Part, side: int) -> albumentations.BasicTransform:
    """Build a transform by its class name in albumentations."""
    transform = getattr(albumentations, part.name)
    options: dict[str, Any] = {name: _as_tuple(value) for name, value in part.options.items()}
    if "size" in inspect.signature(transform).parameters:
        options.setdefault("size", (side, side))
    return transform(**options)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def transform_names() -> list[str]:
    """List the transforms that need only an image."""
    base = albumentations.ImageOnlyTransform, albumentations.DualTransform
    members = vars(albumentations).items()
    return sorted(name for name, one in members if isinstance(one, type) and issubclass(one, base))


def check_transforms(tables: Sequence[Any], side: int) -> list[Problem]:
    """Return all problems of an `[[augment]]` list, including a test on a (side, side) image."""
    return [
        problem for index, table in enumerate(tables) for problem in _check(table, f"augment.{index}", side)
    ]


def _check(table: Any, where: str, side: int) -> list[Problem]:
    if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
        return []  # the schema reports it
    name, known = table["name"], transform_names()
    if name not in known:
        return [
            Problem(f"{where}.name", f"albumentations has no transform {name!r}. {_closest(name, known)}")
        ]
    options = inspect.signature(getattr(albumentations, name)).parameters
    # albumentations only warns about unknown options.
    unknown = [option for option in table if option not in {"name", *options}]
    if unknown:
        return [
            Problem(f"{where}.{one}", f"{name} has no option {one!r}. {suggest(one, options)}")
            for one in unknown
        ]
    if too_large := bound_problems(table, where, side):
        return too_large
    if is_usual(table, options, side):
        return try_transform(table, where, side)
    from ferkit.neural.augment_trial import try_apart

    return try_apart(table, where, side)


def try_transform(table: Mapping[str, Any], where: str, side: int) -> list[Problem]:
    """Apply a transform to a (side, side) image, and return its problem.

    Args:
        table: Name and options. Both are known to albumentations.
        where: Key of the transform in the recipe.
        side: Width and height of the image, in pixels.
    """
    name, blank = table["name"], np.zeros((side, side, 3), dtype=np.uint8)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            make_transform(Part(**table), side)
            altered = make_transform(Part(**{**table, "p": 1.0}), side)(image=blank)["image"]
    except Exception as error:
        if isinstance(cause := error.__cause__ or error, ValidationError):
            return _refused(name, where, cause)
        return [Problem(where, f"{name} failed with these options: {error}")]
    if not isinstance(altered, np.ndarray) or altered.dtype != np.uint8 or altered.shape[2:] != (3,):
        return [
            Problem(where, f"expected a uint8 RGB image from {name}, got another type or number of channels")
        ]
    return size_problems(name, where, altered.shape, side)


def _refused(name: str, where: str, error: ValidationError) -> list[Problem]:
    """Return one problem for each option. pydantic has one for each possible type of an option."""
    found: dict[str, Problem] = {}
    for detail in error.errors():
        place = ".".join([where, *map(str, detail["loc"][:1])])
        problem = (
            f"{name} rejects {describe_value(detail['input'])}: {detail['msg'].removeprefix('Value error, ')}"
        )
        if detail["type"] == "missing":
            problem = f"{name} requires this option"
        found.setdefault(place, Problem(place, problem))
    return list(found.values())


def _closest(name: str, known: Sequence[str]) -> str:
    """Return the closest name. albumentations has too many transforms to list all."""
    hint = suggest(name, known).partition(" There is:")[0]
    return hint if hint.startswith("Did") else "Its transforms are listed in its documentation."
