"""The command `ferkit audit`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ferkit.audit.findings import NAMES

if TYPE_CHECKING:
    from ferkit.audit.result import Audit

SERIOUS = 3

*FINDINGS, LAST = NAMES
Target = Annotated[
    str,
    typer.Argument(
        help="A recipe file, the name of a shipped recipe, a folder with one folder per class, "
        "a CSV list, or a data set's name with --set data.root=DIR."
    ),
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: data.root=faces.")
]
Out = Annotated[
    list[Path] | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Write the findings to a page (.html) or as JSON (.json). Repeatable.",
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="NAME",
        help=f"Accept a kind of finding: {', '.join(FINDINGS)} or {LAST}. Repeatable.",
    ),
]
NoFaces = Annotated[bool, typer.Option("--no-faces", help="Detect no faces. Compare whole images only.")]
HashDistance = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=64,
        metavar="BITS",
        help="Maximum difference of near duplicates, in bits of 64. Use fewer for similarly framed "
        "portraits. [default: 8]",
    ),
]
Similarity = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        metavar="COSINE",
        help="Minimum cosine similarity of two near-duplicate faces. [default: 0.9]",
    ),
]
Seeds = Annotated[
    int, typer.Option(min=1, metavar="N", help="Number of random splits. Leaks are averaged over them.")
]


def audit(
    target: Target,
    overrides: Overrides = None,
    out: Out = None,
    allow: Allow = None,
    no_faces: NoFaces = False,
    hash_distance: HashDistance = None,
    similarity: Similarity = None,
    seeds: Seeds = 50,
) -> None:
    """Find broken files, duplicates and leaks between splits.

    The audit changes nothing and downloads nothing. By default it compares faces and whole images, and
    averages leaks over 50 random splits. With --no-faces it compares whole images only.

    These findings are serious: unreadable files, an image with two labels, an exact duplicate or a group in
    both training and test, and a split that cannot be made. Without a recipe, any exact duplicate is serious.

    Exit status: 0 without serious findings, or if all are allowed; 3 with serious findings; 2 for an invalid
    recipe or option; 1 for other errors.

    Example: ferkit audit images --no-faces --out findings.json

    Docs: docs/site/data.md
    """
    from ferkit.audit.findings import check_allowed
    from ferkit.audit.near_duplicates import HASH_DISTANCE, SIMILARITY
    from ferkit.audit.page import check_outputs
    from ferkit.audit.run import AuditRequest
    from ferkit.audit.run import audit as find
    from ferkit.cli.progress import watch_images
    from ferkit.errors import RunError
    from ferkit.recipe.target import load_target

    try:
        allowed = check_allowed(allow or ())
    except RunError as error:
        raise typer.BadParameter(str(error), param_hint="--allow") from error
    check_outputs(out or ())
    recipe, registry, is_recipe = load_target(target, overrides or ())
    bits = HASH_DISTANCE if hash_distance is None else hash_distance
    cosine = SIMILARITY if similarity is None else similarity
    with watch_images() as progress:
        found = find(
            AuditRequest(recipe, registry, is_recipe, seeds, bits, cosine, not no_faces, allowed), progress
        )
    _report(found, out or ())
    if found.is_serious:
        raise typer.Exit(SERIOUS)


def _report(found: Audit, out: Sequence[Path]) -> None:
    from ferkit.audit.page import WRITERS
    from ferkit.audit.text import describe
    from ferkit.cli.tables import make_console

    for line in describe(found, make_console().width):
        typer.echo(line.encode("utf-8", "backslashreplace").decode())  # a file name may not be UTF-8
    for file in out:
        WRITERS[file.suffix](found, file)
        typer.echo(f"written: {file}")
