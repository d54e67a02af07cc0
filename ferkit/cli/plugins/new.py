"""`ferkit plugins new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferkit.messages import quote


def new(
    name: Annotated[str, typer.Argument(help='The component\'s name: "maxpool" makes ferkit_maxpool.')],
    kind: Annotated[str, typer.Option(help="Kind of component: head, loss, dataset, ...")],
    folder: Annotated[
        Path, typer.Option("--in", help="The folder to create the package in. [default: .]")
    ] = Path(),
) -> None:
    """Create a plugin package with code, tests, README, license and CI.

    The package is written to the current folder by default.

    Example: ferkit plugins new maxpool --kind head

    Docs: docs/site/plugins.md
    """
    from ferkit.testing.scaffold import write_package

    package = write_package(name, kind, folder)
    typer.echo(f"Created {package}. Next:")
    for line in (f"cd {quote(package)}", "pip install -e '.[test]'", "ferkit plugins", "pytest"):
        typer.echo(f"  {line}")
