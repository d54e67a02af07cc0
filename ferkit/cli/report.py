"""The command `ferkit report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferkit.cli.trust import TrustPlugins


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")],
    with_images: Annotated[
        bool,
        typer.Option("--images", help="Add images: the most confident errors, and some Grad-CAM maps."),
    ] = False,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Render the report of a finished run again.

    Scores are computed again from the run's predictions. By default the report has no images.

    Example: ferkit report runs/mine --images

    Docs: docs/site/first-run.md
    """
    from ferkit.cli.run import show_scores
    from ferkit.cli.tables import say
    from ferkit.experiment.rescore import renew
    from ferkit.report import render

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
