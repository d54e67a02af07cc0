"""The command `ferkit weights`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ferkit.messages import quote

if TYPE_CHECKING:
    from ferkit.components.weights.entry import Weights

app = typer.Typer(
    no_args_is_help=True,
    help="List, fetch, verify and bundle pretrained weights.\n\n"
    "Example: ferkit weights list\n\nDocs: docs/site/paper.md",
)


@app.command("list")
def list_weights() -> None:
    """List pretrained weights with source, license and hash.

    Example: ferkit weights list

    Docs: docs/site/paper.md
    """
    from rich.console import Console
    from rich.markup import escape

    from ferkit.components.weights.catalogue import catalogue
    from ferkit.components.weights.fetch import cached_path

    console = Console(highlight=False)
    for entry in catalogue():
        path = cached_path(entry)
        console.print(f"[bold]{escape(entry.name)}[/bold]")
        fields = {
            "file": f"{path} ({'fetched' if os.path.exists(path) else 'not fetched'})",
            "trained on": entry.trained_on,
            "output": ", ".join(entry.labels) or f"an embedding of {entry.embedding_size} numbers per face",
            "licence": entry.licence,
            "source": str(entry.source),
            "sha256": _describe_hash(entry),
        }
        for key, value in fields.items():
            console.print(escape(f"  {key + ':':<12}{value}"), soft_wrap=True)


def _describe_hash(entry: Weights) -> str:
    from ferkit.components.weights.first_use import recorded_sha256

    if entry.sha256:
        return entry.sha256
    known = recorded_sha256(entry)
    return (
        f"none is published; first used here: {known}"
        if known
        else "none is published; recorded at first use"
    )


@app.command()
def fetch(names: Annotated[list[str], typer.Argument(help="Names from `ferkit weights list`.")]) -> None:
    """Download weights to the cache and verify them.

    Example: ferkit weights fetch msceleb1m

    Docs: docs/site/paper.md
    """
    from ferkit.components.weights.catalogue import load_weights

    for name in names:
        _, path = load_weights(name)
        typer.echo(f"{name}: {path}")


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of weights. [default: all in the cache]")
    ] = None,
) -> None:
    """Verify the hashes of cached weights.

    By default all weights in the cache are verified.

    Example: ferkit weights verify msceleb1m

    Docs: docs/site/paper.md
    """
    from ferkit.components.weights.catalogue import catalogue, find_entry
    from ferkit.components.weights.fetch import cached_path
    from ferkit.components.weights.fetch import verify as verify_file
    from ferkit.components.weights.first_use import recorded_sha256

    entries = [find_entry(name) for name in names or ()] or [
        e for e in catalogue() if os.path.exists(cached_path(e))
    ]
    for entry in entries:
        actual = verify_file(entry)
        verdict = "verified" if entry.sha256 else "not verified (no hash is published)"
        if recorded_sha256(entry):
            verdict = "the file that was used first (no hash is published)"
        typer.echo(f"{entry.name}: {verdict}, sha256 {actual}")
    if not entries:
        typer.echo("The cache has no weights. List all weights with: ferkit weights list")


@app.command()
def path(name: Annotated[str, typer.Argument(help="A name from `ferkit weights list`.")]) -> None:
    """Print the path of fetched weights.

    Example: ferkit weights path msceleb1m

    Docs: docs/site/paper.md
    """
    from ferkit.components.weights.catalogue import find_entry
    from ferkit.components.weights.fetch import cached_path
    from ferkit.errors import WeightsError

    file = cached_path(find_entry(name))
    if not os.path.exists(file):
        raise WeightsError(f"Cannot find {file}: not fetched yet. Run: ferkit weights fetch {name}")
    typer.echo(str(file))


@app.command()
def bundle(
    names: Annotated[
        list[str], typer.Argument(help="Recipes (files, or names of shipped ones), or names of weights.")
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="The archive to write (.tar).", dir_okay=False),
    ],
) -> None:
    """Write the weights that recipes need to one archive.

    On another machine, `ferkit weights unbundle` copies them from the archive to the cache.

    Example: ferkit weights bundle london --out weights.tar

    Docs: docs/site/paper.md
    """
    from ferkit.components.weights.bundle import write_bundle
    from ferkit.components.weights.catalogue import find_entry
    from ferkit.recipe.weights_needed import find_needed

    needed = find_needed(names)
    for sentence in needed.others:
        typer.echo(f"note: {sentence}", err=True)
    if not needed.names:
        typer.echo(f"Nothing was written: {', '.join(names)} needs no weights of the catalogue.")
        return
    entries = [find_entry(name) for name in needed.names]
    write_bundle(entries, out)
    for entry in entries:
        typer.echo(f"{entry.name}: {entry.filename}. Licence: {entry.licence}")
    size, name = out.stat().st_size / 1e6, quote(out.name)
    typer.echo(f"written: {out} ({size:.1f} MB). On the other machine: ferkit weights unbundle {name}")


@app.command()
def unbundle(
    file: Annotated[Path, typer.Argument(help="An archive from `ferkit weights bundle`.")],
    trust: Annotated[
        bool, typer.Option("--trust", help="Also take weights whose makers publish no hash.")
    ] = False,
) -> None:
    """Copy the weights of an archive to the cache.

    Each file is verified first.

    Weights without a published hash are refused by default, unless the same file was used here before.

    Example: ferkit weights unbundle weights.tar

    Docs: docs/site/paper.md
    """
    from ferkit.components.weights.bundle import read_bundle

    for name, path in read_bundle(file, trust).items():
        typer.echo(f"{name}: {path}")
