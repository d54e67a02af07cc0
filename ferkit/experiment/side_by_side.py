"""Requests for runs of one recipe under several protocols, each in its own folder."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ferkit.components.registry import Registry
from ferkit.data.samples import samples_of
from ferkit.errors import RunError
from ferkit.evaluation.protocol_words import protocol_tables
from ferkit.evaluation.run_files import SIDE_BY_SIDE, read_resolved
from ferkit.evaluation.side_by_side import listed_runs
from ferkit.experiment.hub_initial import download_initial
from ferkit.experiment.run import RunRequest, check_folds
from ferkit.experiment.run_names import find_latest, name_folder
from ferkit.recipe.demo import cut_down
from ferkit.recipe.load import load_recipe
from ferkit.recipe.parse import dump_recipe
from ferkit.runtime.processes import refuse_several_processes
from ferkit.runtime.workers import Workers

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
    workers: Workers | None = None,
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
        workers: Processes that train the folds of each run. None: this process trains them.

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
    _check_folder(folder, () if resume else tables)
    _check_same_system(folder, dump_recipe(first, registry))
    requests = {}
    for word, table in tables.items():
        warnings: list[str] = []
        checked, registry = load_recipe(str(recipe), settings, change=_change(demo, warnings, table))
        check_folds(checked.protocol, samples)
        is_resumed = resume and (folder / word / "recipe.toml").exists()
        requests[word] = RunRequest(
            checked, registry, folder / word, is_resumed, demo, refit, tuple(warnings), workers
        )
    return folder, requests


def _check_folder(folder: Path, new: Collection[str]) -> None:
    """Raises RunError if the path is a file or the folder of one run, or a new run exists already."""
    what = f"Cannot write runs of several protocols to {folder}"
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{what}: it is no folder. Use another --out.")
    if (folder / "recipe.toml").exists():
        raise RunError(f"{what}: it is the folder of one run. Use another --out.")
    if found := [word for word in new if (folder / word / "recipe.toml").exists()]:
        raise RunError(f"{what}: it contains a run {found[0]} already. Use --resume, or another --out.")


def _check_same_system(folder: Path, recipe: str) -> None:
    """Raises RunError if a run of the folder differs in more than its protocol: a leak would mean nothing."""
    ours = _flat(tomllib.loads(recipe))
    for run in listed_runs(folder):
        if not (run / "recipe.toml").exists():
            continue
        theirs = _flat(read_resolved(run))
        every = sorted(ours.keys() | theirs.keys())
        if differing := [key for key in every if ours.get(key) != theirs.get(key)]:
            key = differing[0]
            raise RunError(
                f"Cannot add runs to {folder}: {run.name} has {key} = {theirs.get(key)!r}, these runs have "
                f"{ours.get(key)!r}. The leak compares runs of one recipe. Use another --out."
            )


def _flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return dotted keys and values, without those of the protocol and [track]."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if above or key not in ("protocol", "protocols", "track"):
            found |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return found


def _find(name: str, resume: bool) -> Path:
    return find_latest(name, SIDE_BY_SIDE) if resume else name_folder(name)


def _change(demo: bool, warnings: list[str], protocol: Mapping[str, Any] | None = None) -> Change:
    """Return a function that replaces the protocol, and the data in a demonstration."""
    prepare = cut_down(warnings) if demo else download_initial

    def change(table: Table, registry: Registry) -> Table:
        changed = prepare(table, registry)
        one = {key: value for key, value in changed.items() if key != "protocols"}
        return {**one, "protocol": dict(protocol)} if protocol else one

    return change
