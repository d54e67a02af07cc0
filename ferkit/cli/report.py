"""The command `ferkit report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferkit.cli.trust import TrustPlugins


def report(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a finished run, or a folder of runs.")
    ],
    with_images: Annotated[
        bool,
        typer.Option("--images", help="Add images: the most confident errors, and some Grad-CAM maps."),
    ] = False,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Render the report of a run again, or a page about all runs.

    Scores are computed again from the run's predictions. By default the report has no images. For a folder of
    runs, index.html has a table that can be sorted, links to the reports and the curves of all runs.

    Example: ferkit report runs/mine --images

    Example: ferkit report runs

    Docs: docs/site/first-run.md
    """
    from ferkit.cli.run import show_scores
    from ferkit.cli.tables import say
    from ferkit.errors import RunError
    from ferkit.experiment.rescore import renew
    from ferkit.report import render
    from ferkit.report.overview import find_runs, render_overview

    if run.is_dir() and find_runs(run):
        if with_images:
            raise RunError(f"Cannot add images to the page of {run}: it has several runs. Give one of them.")
        typer.echo(f"index: {render_overview(run)}")
        return
    renew(run)
    images = None
    if with_images:
        from ferkit.report.faces.section import show_images

        images = show_images(run, trust_plugins)
    page = render(run, images)
    show_scores(run)
    for warning in images.warnings if images else ():
        say(f"note: {warning}")
    typer.echo(f"report: {page}")
