"""The runs of a table: a run for each recipe, and for each protocol."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ferkit.errors import FerkitError, RecipeError, RunError
from ferkit.evaluation.run_files import is_finished, read_resolved
from ferkit.evaluation.side_by_side import write_names
from ferkit.experiment.request import make_request
from ferkit.experiment.run import RunRequest
from ferkit.experiment.side_by_side import make_requests
from ferkit.recipe.load import read_protocols
from ferkit.report.table.definition import Definition
from ferkit.runtime.workers import Workers


@dataclass(frozen=True)
class Plan:
    """The runs of a table.

    Attributes:
        finished: Folders of finished runs.
        requests: Runs to start or to resume, by recipe and protocol.
        skipped: Recipe to the reason why it cannot run here.
    """

    finished: list[Path] = field(default_factory=list)
    requests: dict[str, RunRequest] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReproduceOptions:
    """Options of all runs of a table.

    Attributes:
        out: Folder of the run folders.
        protocols: Words for protocols. Empty: those of each recipe.
        overrides: Changes of each recipe, such as "fit.epochs=3".
        is_demo: Generated faces replace the data.
        workers: Processes that train the folds, or None.
    """

    out: Path
    protocols: Sequence[str] = ()
    overrides: Sequence[str] = ()
    is_demo: bool = False
    workers: Workers | None = None


def recipes_of(definition: Definition, table: Path) -> list[str]:
    """Return the recipes of a table, in the order of its rows.

    Args:
        definition: The table.
        table: Its file. A recipe NAME is the file NAME.toml next to it, or a shipped recipe.
    """
    rows = sorted(definition.row, key=lambda row: row.place)
    names = dict.fromkeys(name for row in rows for name in row.recipes)
    files = {name: table.with_name(f"{name}.toml") for name in names}
    return [str(files[name]) if table.is_file() and files[name].is_file() else name for name in names]


def plan_runs(recipes: Sequence[str], options: ReproduceOptions) -> Plan:
    """Check all recipes, and find the runs that are missing.

    A recipe is skipped if it has a problem here, such as missing images.

    Raises:
        RunError: A finished run has another recipe.
    """
    plan = Plan()
    for recipe in recipes:
        try:
            requests = _requests(recipe, options)
        except RunError:
            raise
        except FerkitError as error:
            plan.skipped[Path(recipe).stem] = describe_reason(error)
            continue
        for name, request in requests.items():
            if is_finished(request.folder):
                _check_same(request)
                plan.finished.append(request.folder)
            else:
                plan.requests[name] = request
    return plan


def describe_reason(error: FerkitError) -> str:
    """Return the first problem of an error on one line."""
    if isinstance(error, RecipeError):
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        first = error.problems[0]
        return " ".join(f"{first.where}: {first.message}".split()) + more
    return " ".join(str(error).split())


def _requests(recipe: str, options: ReproduceOptions) -> dict[str, RunRequest]:
    folder = options.out / Path(recipe).stem
    own = None if options.is_demo else read_protocols(recipe, options.overrides)
    if words := options.protocols or (own.split(",") if own else ()):
        _, found = make_requests(
            recipe,
            words,
            options.overrides,
            folder,
            resume=True,
            demo=options.is_demo,
            workers=options.workers,
        )
        write_names(folder, list(found))
        return {f"{folder.name}, {word}": request for word, request in found.items()}
    request = make_request(
        recipe,
        options.overrides,
        folder,
        resume=(folder / "recipe.toml").exists(),
        demo=options.is_demo,
        workers=options.workers,
    )
    return {folder.name: request}


def _check_same(request: RunRequest) -> None:
    """Raise RunError if the recipe of a finished run has changed. The data may have settled its protocol."""
    ours, theirs = tomllib.loads(request.resolved), read_resolved(request.folder)
    differing = [key for key in {**ours, **theirs} if key != "protocol" and ours.get(key) != theirs.get(key)]
    if differing:
        raise RunError(
            f"Cannot use the finished run {request.folder}: its recipe differs in {', '.join(differing)}. "
            "Use another --out, or the options of its first start."
        )
