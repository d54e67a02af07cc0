"""`ferkit run --protocols`: the runs, one after another, and the leak."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from ferkit.runtime.workers import Workers


def run_side_by_side(
    recipe: str,
    protocols: str,
    overrides: Sequence[str],
    out: Path | None,
    *,
    resume: bool,
    refit: bool,
    demo: bool,
    track: Sequence[str],
    quiet: bool,
    workers: Workers | None = None,
) -> None:
    """Train a recipe under several protocols. Arguments as for `ferkit run`."""
    from ferkit.cli.progress import watch
    from ferkit.cli.run import count_epochs, resume_command, show_scores
    from ferkit.evaluation.side_by_side import read_side_by_side, write_names
    from ferkit.experiment.run import NO_PROGRESS, run
    from ferkit.experiment.side_by_side import make_requests
    from ferkit.report import render

    words = [word.strip() for word in protocols.split(",")]
    options: Any = {"resume": resume, "demo": demo, "refit": refit, "track": track, "workers": workers}
    folder, requests = make_requests(recipe, words, overrides, out, **options)
    write_names(folder, list(requests))
    try:
        for word, order in requests.items():
            typer.echo(f"{order.recipe.name}, {word}: {order.folder}")
            counts = count_epochs(order.recipe, order.registry)
            with nullcontext(NO_PROGRESS) if quiet else watch(*counts) as progress:
                run(order, progress)
            show_scores(order.folder)
    except KeyboardInterrupt:
        given: Any = {"demo": demo, "track": track, "protocols": protocols, "refit": refit}
        command = resume_command(recipe, overrides, folder, workers=workers, **given)
        typer.echo(f"\nResume these runs with: {command}", err=True)
        raise
    for order in requests.values():  # each report shows the scores of all runs
        typer.echo(f"report: {render(order.folder)}")
    if found := read_side_by_side(folder):
        typer.echo(str(found))
