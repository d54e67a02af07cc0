"""The catalogue of pretrained weights, and the files behind it."""

from __future__ import annotations

from pathlib import Path
from typing import NewType

from ferkit.weights.entry import Weights

WeightsName = NewType("WeightsName", str)
"""The type of an option that names an entry of the catalogue, or "none".

An option of this type is checked against the catalogue with the rest of the recipe, before anything
is fetched.
"""


def load_weights(name: str) -> tuple[Weights, Path]:
    """The entry, and its verified file in the cache; fetched first if need be. Raises WeightsError."""
    raise NotImplementedError
