"""Read the data of an evaluation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ferkit.components.registry import Registry
from ferkit.data.listing import COLUMNS, read_columns
from ferkit.data.samples import describe_left_out, samples_of
from ferkit.errors import DataError
from ferkit.interfaces import Sample
from ferkit.messages import count_some, printable
from ferkit.recipe.target import load_target

SECTIONS = ("name", "plugins", "data", "faces")
"""Keys of a recipe that an evaluation uses. Detector and network are those of the model."""


@dataclass(frozen=True, slots=True)
class Data:
    """Labelled images.

    Attributes:
        name: Name of the data.
        samples: The images.
        unreadable: What to do about a broken file.
        warnings: Sentences for the reader of the results.
    """

    name: str
    samples: Sequence[Sample]
    unreadable: Literal["stop", "skip"] = "stop"
    warnings: tuple[str, ...] = ()


def read_data(
    target: str | Path | Sequence[Sample],
    overrides: Sequence[str] = (),
    split: str | None = None,
    groups: Sequence[str] = (),
) -> Data:
    """List the images of a target, as `ferkit audit` takes it, or of samples.

    Args:
        target: Folder, list, recipe, dataset or samples.
        overrides: "section.key=value".
        split: Split to use. None: all images.
        groups: Kinds of groups. If the target is a list, its columns of these names are groups.

    Raises:
        DataError: There is no such target, it has no images, or none of the split.
        RecipeError: The recipe is invalid.
    """
    if isinstance(target, str | Path):
        given = [*_group_columns(Path(target), overrides, groups), *overrides]
        recipe, registry, _ = load_target(str(target), given, _only_data)
        samples, left_out = samples_of(registry, recipe.data)
        warnings = tuple(describe_left_out(left_out, len(samples)))
        data = Data(recipe.name, samples, recipe.faces.unreadable, warnings)
    else:
        data = Data("samples", _check_samples(target))
    if not data.samples:
        raise DataError(f"Cannot evaluate on {printable(data.name)}: it has no images.")
    if split is None:
        return data
    chosen = [one for one in data.samples if one.split == split]
    if not chosen:
        splits = sorted({one.split for one in data.samples if one.split})
        raise DataError(
            f"Cannot use --split {printable(split)}: no image is in this split. The data has: "
            f"{count_some(splits) or 'no splits'}. Choose one of them, or leave out --split."
        )
    return Data(data.name, chosen, data.unreadable, data.warnings)


def _check_samples(given: Iterable[object]) -> list[Sample]:
    """Raises DataError if these are no samples."""
    if not isinstance(given, Iterable):
        raise DataError(f"data: expected a folder, list, recipe, dataset or samples, got {given!r}")
    samples = []
    for place, one in enumerate(given):
        if not isinstance(one, Sample):
            raise DataError(
                f"data: expected samples of ferkit.load_dataset, got {type(one).__name__} at place {place}"
            )
        samples.append(one)
    return samples


def _group_columns(target: Path, overrides: Sequence[str], groups: Sequence[str]) -> list[str]:
    """Return an override that makes columns of a list groups, or none."""
    is_list = target.suffix.lower() in (".csv", ".tsv") and target.is_file()
    if not is_list or any(one.startswith("data.name=") for one in overrides):
        return []
    columns = set(read_columns(target)) - set(COLUMNS)
    names = [name for name in dict.fromkeys(groups) if name in columns]
    return [f"data.groups={json.dumps(names)}"] if names else []


def _only_data(table: dict[str, Any], registry: Registry) -> dict[str, Any]:
    """Keep the data of a recipe, whose weights and detector need not be installed."""
    return {key: value for key, value in table.items() if key in SECTIONS}
