"""The settings of a run: each key of its resolved recipe with a value that can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from ferkit.errors import RunError
from ferkit.evaluation.run_files import read_images
from ferkit.evaluation.summary import Summary
from ferkit.recipe.parts import NETWORK_SECTIONS
from ferkit.report.table.differences import BESIDE, FURTHER, resolved_run
from ferkit.report.table.searched import show_searched, take_searched
from ferkit.report.table.values import ABSENT, show

NOT_COMPARED = ("name", "description", "paper", "protocol")
"""Sections that are no setting of a system. Each protocol has its own columns."""
ESTIMATOR = "estimator.name"
NETWORK = "network"
"""Estimator of a recipe that names none."""
ROOT = "data.root"
"""Folder of the images. It is a difference only if the images differ."""


class Setting(NamedTuple):
    """A value of a recipe. Two values are the same if `same` is equal."""

    same: str
    shown: str


Settings = Mapping[str, Setting]
UNSET = Setting("", ABSENT)


def read_settings(folder: Path, summary: Summary) -> Settings:
    """Return dotted key -> setting of a run, from its recipe and images."""
    table = {key: one for key, one in resolved_run(folder).items() if key not in NOT_COMPARED}
    space, table = take_searched(table)
    found = {key: Setting(_canonical(one), show(one)) for key, one in _flatten(table) if key not in BESIDE}
    if ESTIMATOR not in found:
        found[ESTIMATOR] = Setting(_canonical(NETWORK), NETWORK)
    for key in found:
        further = FURTHER.fullmatch(key)
        if (key == ROOT or further) and (images := _images(folder, further[1] if further else "")):
            found[key] = Setting(images, found[key].shown)
    _put_searched(found, space)
    if summary.demo:
        found["demo"] = Setting(_canonical(True), show(True))
    return found


def _put_searched(found: dict[str, Setting], space: Mapping[str, Any]) -> None:
    """Replace values that a search overrides by the range or choices of the search."""
    for key, values in space.items():
        slot = f"{key}.name" if f"{key}.name" in found else key
        for option in [one for one in found if one.startswith(f"{key}.")]:
            del found[option]
        found[slot] = Setting(_canonical({"searched": values}), show_searched(values))


def identity(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return a key that is equal for runs of the same settings."""
    return tuple(sorted((key, one.same) for key, one in settings.items()))


def scope(key: str, settings: Settings) -> tuple[str, ...]:
    """Return the components that a key belongs to, such as ("focal",) for loss.gamma."""
    parts = key.split(".")
    if parts[0] == "search":
        return ()
    owners = [".".join((*parts[:end], "name")) for end in range(1, len(parts))]
    if parts[0] in NETWORK_SECTIONS:
        owners.append(ESTIMATOR)
    return tuple(settings.get(owner, UNSET).same for owner in owners if owner != key)


def comparable(key: str, rows: Sequence[Settings]) -> list[list[int]]:
    """Return groups of rows to compare by a key.

    A row without the key takes part only if it uses the component that the key belongs to.
    """
    scopes = [scope(key, row) for row in rows]
    if key == ROOT:
        return [[index for index, own in enumerate(scopes) if own == one] for one in dict.fromkeys(scopes)]
    with_key = {own for own, row in zip(scopes, rows, strict=True) if key in row}
    return [[index for index, row in enumerate(rows) if key in row or scopes[index] in with_key]]


def _flatten(value: Any, way: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted keys and values. A list stays whole."""
    if not isinstance(value, Mapping) or (way and not value):
        yield way, value
        return
    for key, inner in value.items():
        part = f'"{key}"' if "." in key else key
        yield from _flatten(inner, f"{way}.{part}" if way else part)


def _canonical(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True, default=str)


def _plain(value: Any) -> Any:
    """Replace whole floats by integers: 2.0 and 2 are the same setting. True and 1 are not."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _images(folder: Path, dataset: str) -> str | None:
    """Return a hash of the images and labels of a dataset; None if its manifest has no hash for each."""
    try:
        images = read_images(folder, dataset)
    except RunError:
        return None
    if not images or not all(one.sha256 for one in images):
        return None
    return sha256(repr(sorted((one.sha256, one.label) for one in images)).encode()).hexdigest()
