"""`ferkit report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run's folder.")],
    images: Annotated[
        bool,
        typer.Option("--images", help="Show photographs too: the surest mistakes, and Grad-CAM of a few."),
    ] = False,
) -> None:
    """Score a finished run again from its predictions, and write its report anew."""
    from ferkit.cli.run import show_scores
    from ferkit.experiment.rescore import renew
    from ferkit.report import render

    renew(run)
    photographs = None
    if images:
        from ferkit.report.faces.section import show_photographs

        photographs = show_photographs(run)
    page = render(run, photographs)
    show_scores(run)
    for notice in photographs.notices if photographs else ():
        typer.echo(f"note: {notice}")
    typer.echo(f"report: {page}")
