"""The groups of `protocol.by = "near_duplicates"`: derived from the images, cached, and saved in the run."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ferkit.components.registry import Registry
from ferkit.data.crops import CropResult
from ferkit.errors import DataError
from ferkit.evaluation.protocol import Fold
from ferkit.evaluation.protocol_options import NEAR_DUPLICATES, Protocol
from ferkit.interfaces import Face
from ferkit.messages import count_of
from ferkit.recipe.schema import Recipe
from ferkit.runtime.atomic_write import write_text
from ferkit.runtime.disk_cache import DiskCache

if TYPE_CHECKING:
    from ferkit.audit.near_groups import NearGroups

SPLIT = "near_duplicates.toml"
"""File of the run folder with the groups of each fold, by their names in manifest.csv."""
VERSION = 1
"""Increase it if the groups of the same images change."""


def groups_by_near_duplicates(protocol: Protocol) -> bool:
    """Return True if the folds keep near duplicates together."""
    return getattr(protocol, "by", None) == NEAR_DUPLICATES and not getattr(protocol, "split", None)


def add_near_groups(recipe: Recipe, registry: Registry, crops: CropResult) -> CropResult:
    """Add the group near_duplicates to each face, and a warning with the number of groups.

    Raises:
        DataError: More than half of the images are one group, or the images cannot be compared.
    """
    from ferkit.audit.near_groups import find_near_groups

    if not crops.faces:
        return crops
    cache = DiskCache("near_groups", _describe_maker(recipe, registry), ".json")
    content = "\n".join(f"{face.sha256} {face.box}" for face in crops.faces)
    key = hashlib.sha256(content.encode()).hexdigest()
    found = _read(cache.get(key), len(crops.faces))
    if found is None:
        found = find_near_groups(recipe, registry, crops.faces)
        table = {"numbers": found.numbers.tolist(), "method": found.method}
        cache.put(key, json.dumps(table).encode())
    words = _describe(found)
    width = len(str(max(found.numbers)))
    faces = [
        _with_group(face, f"near_{number:0{width}}")
        for face, number in zip(crops.faces, found.numbers, strict=True)
    ]
    return replace(crops, faces=faces, warnings=(*crops.warnings, words))


def write_split(run_dir: Path, todo: Sequence[Fold], faces: Sequence[Face]) -> None:
    """Save the groups of each fold of the first repeat."""
    tests = {fold.index: fold.test for fold in todo if fold.repeat == 0}
    folds = [
        sorted({faces[place].sample.groups[NEAR_DUPLICATES] for place in test}) for test in tests.values()
    ]
    lines = "".join(f"  {json.dumps(fold)},\n" for fold in folds)
    text = (
        f"# Groups of manifest.csv. The first repeat has these folds.\nby = {json.dumps(NEAR_DUPLICATES)}\n"
    )
    write_text(run_dir / SPLIT, f"{text}folds = [\n{lines}]\n")


def _with_group(face: Face, name: str) -> Face:
    groups = {**face.sample.groups, NEAR_DUPLICATES: name}
    return replace(face, sample=replace(face.sample, groups=groups))


def _describe_maker(recipe: Recipe, registry: Registry) -> str:
    """Return everything except the images that changes the groups."""
    from ferkit.audit.embeddings import why_no_embeddings
    from ferkit.audit.near_duplicates import HASH_DISTANCE, SIMILARITY

    network = None
    if not why_no_embeddings(recipe, registry):
        network = recipe.model.model_dump(
            mode="json", include={"image_size", "normalize", "color", "backbone"}
        )
    return json.dumps([VERSION, HASH_DISTANCE, SIMILARITY, network, recipe.faces.model_dump(mode="json")])


def _read(content: bytes | None, count: int) -> NearGroups | None:
    """Return the groups from the cache; None if they are missing or damaged."""
    import numpy as np

    from ferkit.audit.near_groups import NearGroups

    try:
        table = json.loads(content or b"")
        numbers = np.array(table["numbers"], dtype=np.intp)
        return NearGroups(numbers, str(table["method"])) if numbers.shape == (count,) else None
    except (ValueError, KeyError, TypeError):
        return None


def _describe(found: NearGroups) -> str:
    """Return a sentence. Raises DataError if more than half of the images are one group."""
    total = len(found.numbers)
    sizes = Counter(found.numbers.tolist())
    largest = max(sizes.values())
    if 2 * largest > total:
        raise DataError(
            f"Cannot keep near duplicates together: they connect {largest} of {total} images into one group, "
            f"more than half ({found.method}). The images look alike, for example because of a common "
            "background. Name groups in the data, such as persons, or set protocol.name=paper."
        )
    groups, images = count_of(len(sizes), "group"), count_of(total, "image")
    most = count_of(largest, "image")
    return f"Near duplicates are in one group: {groups} of {images}, at most {most} in one ({found.method})"
