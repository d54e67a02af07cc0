"""Requests for runs of one recipe under several protocols, each in its own folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ferkit.components.registry import Registry
from ferkit.data.samples import samples_of
from ferkit.errors import RunError
from ferkit.evaluation.protocol_words import protocol_tables
from ferkit.evaluation.side_by_side import SIDE_BY_SIDE
from ferkit.experiment.run import RunRequest, check_folds
from ferkit.experiment.run_names import find_latest, name_folder
from ferkit.recipe.demo import cut_down
from ferkit.recipe.load import load_recipe
from ferkit.runtime.processes import refuse_several_processes

Table = dict[str, Any]
Change = Callable[[Table, Registry], Table]


def make_requests(
    recipe: str | Path,
    words: Sequence[str],
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    *,
    resume: bool = False,
    demo: bool = False,
    refit: bool = False,
    track: Sequence[str] = (),
) -> tuple[Path, dict[str, RunRequest]]:
    """Check a recipe under several protocols, and choose the folders.

    Args:
        recipe: A TOML file, or the name of a bundled recipe.
        words: Words for protocols, as for `protocol_tables`.
        overrides: Changes such as "fit.epochs=3".
        out: The folder of the run folders. Default: runs/NAME-DATE-TIME, or the latest with `resume`.
        resume: Continue the runs that were started, and start the others.
        demo: Train on generated faces for a few minutes.
        refit: After the folds, train one network on all images.
        track: Names of trackers, instead of those of the recipe.

    Returns:
        (folder, word to request). Each run folder has the name of its word.

    Raises:
        RecipeError: The recipe has problems. The error lists all of them.
        DataError: A word is unknown, or the data cannot be read.
        RunError: There is nothing to resume, or several processes run this.
    """
    refuse_several_processes()
    settings = [*overrides, *([f"track.with={json.dumps(list(track))}"] if track else [])]
    first, registry = load_recipe(str(recipe), settings, change=_change(demo, []))
    samples, _ = samples_of(registry, first.data)
    manifest = first.manifest.file if first.manifest else None
    tables = protocol_tables(words, first.protocol, samples, manifest)
    folder = Path(out) if out else _find(first.name, resume)
    if (folder / "recipe.toml").exists():
        raise RunError(
            f"Cannot write runs of several protocols to {folder}: it is the folder of one run. Use another "
            "--out."
        )
    requests = {}
    for word, table in tables.items():
        warnings: list[str] = []
        checked, registry = load_recipe(str(recipe), settings, change=_change(demo, warnings, table))
        check_folds(checked.protocol, samples)
        is_resumed = resume and (folder / word / "recipe.toml").exists()
        requests[word] = RunRequest(
            checked, registry, folder / word, is_resumed, demo, refit, tuple(warnings)
        )
    return folder, requests


def _find(name: str, resume: bool) -> Path:
    return find_latest(name, SIDE_BY_SIDE) if resume else name_folder(name)


def _change(demo: bool, warnings: list[str], protocol: Mapping[str, Any] | None = None) -> Change:
    """Return a function that replaces the protocol, and the data in a demonstration."""
    cut = cut_down(warnings) if demo else None

    def change(table: Table, registry: Registry) -> Table:
        changed = cut(table, registry) if cut else table
        return {**changed, "protocol": dict(protocol)} if protocol else changed

    return change
