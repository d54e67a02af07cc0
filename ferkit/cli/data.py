"""The command `ferkit data`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DIFFERENT = 3  # a script can distinguish it from the errors 1 and 2

app = typer.Typer(
    no_args_is_help=True,
    help="List the images of a data set, and compare them with a list.\n\n"
    "Example: ferkit data manifest images --out images.csv\n\nDocs: docs/site/data.md",
)
Target = Annotated[
    str,
    typer.Argument(
        help="A recipe, a folder with one folder per class, a CSV list, or a data set's name with "
        "--set data.root=DIR."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key: data.root=faces."),
]


@app.command("manifest")
def write_manifest(
    target: Target,
    overrides: Overrides = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The CSV file to write. [default: standard output]"),
    ] = None,
) -> None:
    """Write a CSV list of a data set's images.

    Each line has the path, label, split, groups and sha256 of an image. By default the list goes to standard
    output.

    Example: ferkit data manifest images --out images.csv

    Docs: docs/site/data.md
    """
    from ferkit.components.build import build
    from ferkit.data.manifest import data_root, format_manifest, list_entries
    from ferkit.errors import DataError, RunError
    from ferkit.recipe.target import load_target, without_manifest
    from ferkit.runtime.atomic_write import write_text

    recipe, registry, _ = load_target(target, overrides or (), change=without_manifest)
    dataset = build(registry, "dataset", recipe.data)
    entries = list_entries(dataset.samples(), root=data_root(dataset))
    text = format_manifest(entries)
    if out is None:
        # As bytes: a file name may not be UTF-8, or not printable on the terminal.
        typer.echo(text.encode("utf-8", "surrogateescape"), nl=False)
        return
    try:
        write_text(out, text)
    except RunError as error:
        raise DataError(f"Cannot write {out}: {error.__cause__}. Give another --out.") from error
    typer.echo(f"{out}: {len(entries)} images")


@app.command()
def verify(
    target: Target,
    manifest: Annotated[str, typer.Argument(help="A manifest file, or the name of a shipped manifest.")],
    overrides: Overrides = None,
) -> None:
    """Compare images with a manifest and list every difference.

    Exit status: 0 if all images are the same, 3 if any differs.

    Example: ferkit data verify images images.csv

    Docs: docs/site/data.md
    """
    from ferkit.components.build import build
    from ferkit.data.manifest import data_root, list_readable, read_manifest
    from ferkit.data.manifest_diff import compare
    from ferkit.recipe.target import load_target, without_manifest

    listed = read_manifest(manifest)
    recipe, registry, _ = load_target(target, overrides or (), change=without_manifest)
    dataset = build(registry, "dataset", recipe.data)
    difference = compare(listed, list_readable(dataset.samples(), root=data_root(dataset)))
    if not difference:
        typer.echo(f"{target}: the same {len(listed)} images as in {manifest}")
        return
    for line in difference.lines():
        typer.echo(line)
    typer.echo(f"{target}: not the images of {manifest}: {difference}")
    raise typer.Exit(DIFFERENT)
