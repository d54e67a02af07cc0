"""Recipes that were found to be without fault, remembered, so that to check one again imports nothing heavy.

What is remembered is only that there was no fault, and only for as long as everything that the finding came
from is as it was: the recipe's table, Python and where it imports from, every installed distribution, what
all plugins offer, the content of each source file that was loaded and does not belong to an installed
distribution (and of plugins' files even there), and whatever files the recipe names. A recipe with a fault is
checked anew each time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.errors import RunError
from ferkit.runtime.atomic_write import write_text
from ferkit.runtime.cache_dirs import cache_dir

KEPT = 200
"""Recipes that are remembered; of more, the ones remembered first are forgotten."""
INSTALLED = ("site-packages", "dist-packages")


def recall(table: Mapping[str, Any], registry: Registry) -> list[tuple[str, Part]] | None:
    """None, unless the recipe had no fault when all was as it is now: then its data sets, to be looked at."""
    try:
        kept = json.loads(_file(table, registry).read_text(encoding="utf-8"))
        if any(_digest(path) != digest for path, digest in kept["sources"].items()):
            return None
        return [(key, Part(**part)) for key, part in kept["datasets"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def remember(table: Mapping[str, Any], registry: Registry, datasets: Sequence[tuple[str, Part]]) -> None:
    """Keep that the recipe has no fault. A cache that can't be written is gone without.

    datasets: (key, part) of all that the recipe uses; their folders are looked at every time.
    """
    sources = sorted(set(_sources(registry)))
    if any(os.stat(path).st_mtime > _process_began() for path in sources if os.path.isfile(path)):
        return  # what was loaded need not be what is there now
    kept = {
        "datasets": [[key, part.model_dump(mode="json")] for key, part in datasets],
        "sources": {path: _digest(path) for path in sources},
    }
    file = _file(table, registry)
    with suppress(RunError, OSError):
        write_text(file, json.dumps(kept))
        oldest_first = sorted(file.parent.glob("*.json"), key=lambda one: one.stat().st_mtime_ns)
        for old in oldest_first[:-KEPT]:
            old.unlink(missing_ok=True)


def _file(table: Mapping[str, Any], registry: Registry) -> Path:
    offered = [
        [one.component.kind, one.component.name, one.component.target, one.provider]
        for one in registry.entries()
    ]
    key = [
        table,
        [os.getcwd(), sys.path, sys.version],
        list(_distributions()),
        offered,
        list(_named_files(table)),
    ]
    name = hashlib.sha256(json.dumps(key, sort_keys=True, default=str).encode()).hexdigest()
    return cache_dir("checked") / f"{name[:32]}.json"


def _distributions() -> Iterator[list[Any]]:
    """Each installed distribution's folder, which bears name and version, and when it was put there."""
    for place in sys.path:
        with suppress(OSError), os.scandir(place or ".") as entries:
            found = [one for one in entries if one.name.endswith((".dist-info", ".egg-info", ".pth"))]
            yield from sorted([one.name, one.stat().st_mtime_ns] for one in found)


def _named_files(value: Any) -> Iterator[list[Any]]:
    """What the recipe names and is there: weights, an earlier run's network."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _named_files(one)
    elif isinstance(value, list):
        for one in value:
            yield from _named_files(one)
    elif isinstance(value, str):
        with suppress(OSError, ValueError):
            known = os.stat(value)
            yield [value, known.st_size, known.st_mtime_ns, known.st_ctime_ns]


def _sources(registry: Registry) -> Iterator[str]:
    """Loaded files that no distribution's version stands for, and the folders that they were found in."""
    plugins = {one.component.target.partition(".")[0].partition(":")[0] for one in registry.entries()}
    standard = sysconfig.get_path("stdlib")
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or not os.path.isfile(file):
            continue
        is_installed = file.startswith(standard) or any(part in INSTALLED for part in Path(file).parts)
        if not is_installed or name.partition(".")[0] in plugins:
            yield file
            yield os.path.dirname(file)


def _digest(path: str) -> str:
    """Of a file's content; of a folder, of its modules' names, as a new one may hide another."""
    if os.path.isdir(path):
        found = [one for one in os.listdir(path) if one.endswith(".py") or _is_package(path, one)]
        content = "\n".join(sorted(found)).encode(errors="surrogateescape")
    else:
        content = Path(path).read_bytes()
    return hashlib.sha256(content).hexdigest()[:32]


def _is_package(folder: str, name: str) -> bool:
    return os.path.isfile(os.path.join(folder, name, "__init__.py"))


def _process_began() -> float:
    """Seconds since 1970: nothing can have been loaded before."""
    import psutil

    began: float = psutil.Process().create_time()
    return began
