"""`ferkit plugins new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferkit.messages import quote


def new(
    name: Annotated[str, typer.Argument(help='The component\'s name: "maxpool" makes ferkit_maxpool.')],
    kind: Annotated[str, typer.Option(help="What it is: head, loss, dataset, ...")],
    folder: Annotated[
        Path, typer.Option("--in", help="The folder that the package's folder is laid in.")
    ] = Path(),
) -> None:
    """Begin a plugin: a package with code, tests, README, licence and CI, whose tests pass as it stands."""
    from ferkit.testing.scaffold import write_package

    package = write_package(name, kind, folder)
    typer.echo(f"{package} is there. Go on with:")
    for line in (f"cd {quote(package)}", "pip install -e '.[test]'", "ferkit plugins", "pytest"):
        typer.echo(f"  {line}")
