"""The command `ferkit reproduce`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ferkit.cli.run import Demo, Overrides, Protocols, Quiet
from ferkit.cli.workers import Address, Cpus, Gpus, Jobs, Memory, On, make_workers, start_early

if TYPE_CHECKING:
    from ferkit.experiment.reproduce import Plan

TableName = Annotated[
    str,
    typer.Argument(
        metavar="TABLE", help="A TOML file with the table's rows, or the name of a shipped table."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="The folder of the run folders. [default: runs/TABLE]"),
]


def reproduce(
    table: TableName = "sfew",
    out: Out = None,
    protocols: Protocols = None,
    overrides: Overrides = None,
    demo: Demo = False,
    jobs: Jobs = None,
    on: On = None,
    address: Address = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    memory: Memory = None,
    quiet: Quiet = False,
) -> None:
    """Run the recipes of a table, and print the table.

    Finished runs are not repeated, and interrupted ones continue. Recipes without their images or weights are
    skipped and named.

    Example: ferkit reproduce sfew --jobs 4

    Docs: docs/site/paper.md
    """
    workers = start_early(make_workers(jobs, on, address, cpus, gpus, memory))
    from ferkit.errors import RunError
    from ferkit.experiment.reproduce import ReproduceOptions, plan_runs, recipes_of
    from ferkit.report.table.definition import read_definition

    definition = read_definition(table)
    words = [word.strip() for word in protocols.split(",")] if protocols else []
    folder = out or Path("runs") / Path(table).stem
    options = ReproduceOptions(folder, words, overrides or (), demo, workers)
    plan = plan_runs(recipes_of(definition, Path(table)), options)
    _show_plan(plan)
    failed = _run_all(plan, quiet)
    folders = [*plan.finished, *(one.folder for name, one in plan.requests.items() if name not in failed)]
    if folders:
        from ferkit.cli.table import show
        from ferkit.report.table.entries import make_table

        show(make_table(definition, folders))
    if failed or not folders:
        raise RunError(
            f"Cannot reproduce all of {definition.name}: {', '.join(failed) or 'no recipe'} "
            f"{'failed' if failed else 'can run here'}. Finished runs: {len(folders)}, skipped recipes: "
            f"{len(plan.skipped)}. Repeat the command to continue."
        )


def _show_plan(plan: Plan) -> None:
    from ferkit.cli.tables import say

    counts = {"finished": plan.finished, "to run": plan.requests, "skipped": plan.skipped}
    typer.echo(", ".join(f"{len(found)} {name}" for name, found in counts.items()))
    for recipe, reason in plan.skipped.items():
        say(f"skipped: {recipe}: {reason}")


def _run_all(plan: Plan, quiet: bool) -> list[str]:
    """Do all runs of a plan. Print the reason for each that fails, and return their names."""
    from ferkit.cli.progress import watch
    from ferkit.cli.run import count_epochs
    from ferkit.errors import FerkitError
    from ferkit.experiment.reproduce import describe_reason
    from ferkit.experiment.run import NO_PROGRESS, run

    failed = []
    for number, (name, request) in enumerate(plan.requests.items(), start=1):
        typer.echo(f"{name} ({number} of {len(plan.requests)}): {request.folder}")
        epochs = count_epochs(request.recipe, request.registry)
        try:
            with nullcontext(NO_PROGRESS) if quiet else watch(*epochs) as progress:
                run(request, progress)
        except FerkitError as error:
            failed.append(name)
            typer.echo(f"failed: {name}: {describe_reason(error)}", err=True)
        except KeyboardInterrupt:
            typer.echo("\nRepeat the command to continue.", err=True)
            raise
    return failed
