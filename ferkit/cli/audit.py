"""`ferkit audit`."""

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
        "a CSV list, or a data set's name with --set data.root=..."
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
NoFaces = Annotated[bool, typer.Option("--no-faces", help="Compare images only; detect no faces.")]
HashDistance = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=64,
        help="Bits of 64 by which near duplicates may differ. Use fewer for similarly framed portraits. "
        "[default: 8]",
    ),
]
Similarity = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, help="Cosine similarity above which two faces are near duplicates. [default: 0.9]"
    ),
]
Seeds = Annotated[int, typer.Option(min=1, help="Random splits over which leaks are averaged.")]


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
    """Find broken files, duplicates, near duplicates and leaks between splits in a data set.

    Nothing is changed and nothing is downloaded. Faces are compared by default; --no-faces compares images
    only.

    Exit status: 0 where nothing serious was found, or all of it was allowed; 3 for serious findings; 2 for a
    recipe or an option with problems; 1 for other errors. Serious findings are unreadable files, an image
    under two labels, an exact duplicate or a group on both sides of the recipe's split, and a split that
    cannot be made. Without a recipe, any exact duplicate is serious.

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
    _tell(found, out or ())
    if found.is_serious:
        raise typer.Exit(SERIOUS)


def _tell(found: Audit, out: Sequence[Path]) -> None:
    from ferkit.audit.page import WRITERS
    from ferkit.audit.text import describe

    for line in describe(found):
        typer.echo(line.encode("utf-8", "backslashreplace").decode())  # a file's name may be no UTF-8
    for file in out:
        WRITERS[file.suffix](found, file)
        typer.echo(f"written: {file}")
