"""The command `ferkit plugins new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferkit.messages import quote


def new(
    name: Annotated[str, typer.Argument(help="The component's name. maxpool creates ferkit_maxpool.")],
    kind: Annotated[str, typer.Option(metavar="KIND", help="Kind of component: head, loss, dataset, ...")],
    folder: Annotated[
        Path, typer.Option("--in", metavar="DIR", help="The folder to create the package in.")
    ] = Path(),
) -> None:
    """Create a plugin package with code, tests and CI.

    The package also has a README and a license. By default it is written to the current folder.

    Example: ferkit plugins new maxpool --kind head

    Docs: docs/site/plugins.md
    """
    from ferkit.testing.scaffold import write_package

    package = write_package(name, kind, folder)
    typer.echo(f"Created {package}. Next:")
    for line in (f"cd {quote(package)}", "pip install -e '.[test]'", "ferkit plugins", "pytest"):
        typer.echo(f"  {line}")
