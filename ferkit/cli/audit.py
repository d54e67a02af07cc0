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
    str | None,
    typer.Argument(
        show_default=False,
        help="A recipe file, the name of a shipped recipe, a folder with one folder per class, "
        "a CSV list, or a data set's name with --set data.root=DIR.",
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
        help="Write the findings to a page (.html) or as JSON (.json); with --run also as .csv. Repeatable.",
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
Run = Annotated[
    Path | None,
    typer.Option(
        "--run",
        metavar="RUN",
        help="Instead of TARGET: list the doubtful labels of a finished run, from its predictions.",
    ),
]
Limit = Annotated[
    int, typer.Option(min=1, metavar="N", help="With --run: maximum images on the terminal and the page.")
]
Shown = Annotated[bool, typer.Option("--images", help="With --run: show the faces on the page.")]


def audit(
    context: typer.Context,
    target: Target = None,
    run: Run = None,
    overrides: Overrides = None,
    out: Out = None,
    allow: Allow = None,
    no_faces: NoFaces = False,
    hash_distance: HashDistance = None,
    similarity: Similarity = None,
    seeds: Seeds = 50,
    limit: Limit = 20,
    has_images: Shown = False,
) -> None:
    """Find broken files, duplicates, leaks and doubtful labels.

    The audit changes nothing and downloads nothing. By default it compares faces and whole images, and
    averages leaks over 50 random splits. With --no-faces it compares whole images only.

    These findings are serious: unreadable files, an image with two labels, an exact duplicate or a group in
    both training and test, and a split that cannot be made. Without a recipe, any exact duplicate is serious.

    With --run, the audit lists the test images whose label the run's networks doubt most (confident
    learning). Self-confidence is the probability of the given label. Doubtful labels are never serious.

    Exit status: 0 without serious findings, or if all are allowed; 3 with serious findings; 2 for an invalid
    recipe or option; 1 for other errors.

    Example: ferkit audit images --no-faces --out findings.json

    Docs: docs/site/data.md
    """
    _check_mode(context)
    if run:
        _audit_labels(run, out or (), limit, has_images)
    else:
        comparison = hash_distance, similarity, not no_faces
        _audit_data(str(target), overrides or (), out or (), allow or (), seeds, comparison)


def _audit_data(
    target: str,
    overrides: Sequence[str],
    out: Sequence[Path],
    allow: Sequence[str],
    seeds: int,
    comparison: tuple[int | None, float | None, bool],
) -> None:
    """Audit files. `comparison` has the maximum hash distance, minimum similarity, and if faces count."""
    from ferkit.audit.findings import check_allowed
    from ferkit.audit.near_duplicates import HASH_DISTANCE, SIMILARITY
    from ferkit.audit.page import check_outputs
    from ferkit.audit.run import AuditRequest
    from ferkit.audit.run import audit as find
    from ferkit.cli.progress import watch_images
    from ferkit.errors import RunError
    from ferkit.recipe.target import load_target

    try:
        allowed = check_allowed(allow)
    except RunError as error:
        raise typer.BadParameter(str(error), param_hint="--allow") from error
    check_outputs(out)
    recipe, registry, is_recipe = load_target(target, overrides)
    hash_distance, similarity, has_faces = comparison
    bits = HASH_DISTANCE if hash_distance is None else hash_distance
    cosine = SIMILARITY if similarity is None else similarity
    with watch_images() as progress:
        found = find(
            AuditRequest(recipe, registry, is_recipe, seeds, bits, cosine, has_faces, allowed), progress
        )
    _report(found, out)
    if found.is_serious:
        raise typer.Exit(SERIOUS)


OF_DATA = ("target", "overrides", "allow", "no_faces", "hash_distance", "similarity", "seeds")
OF_RUN = ("limit", "has_images")
"""Parameters that only one of the two audits has."""


def _check_mode(context: typer.Context) -> None:
    """Raise typer.BadParameter unless exactly one of TARGET and --run is given, with its own options."""
    named = {one.name or "": one for one in context.command.params}
    given = {
        name for name in named if (found := context.get_parameter_source(name)) and found.name != "DEFAULT"
    }
    if not given & {"target", "run"}:
        raise typer.BadParameter("Nothing to audit. Give a TARGET, or --run RUN.")
    is_run = "run" in given
    for name in OF_DATA if is_run else OF_RUN:
        if name in given:
            option = "TARGET" if name == "target" else named[name].opts[0]
            wish = "with --run" if is_run else "without --run"
            raise typer.BadParameter(f"Cannot use it {wish}. Remove one of them.", param_hint=option)


def _audit_labels(run: Path, out: Sequence[Path], limit: int, has_images: bool) -> None:
    from ferkit.audit.labels.of_run import audit_labels
    from ferkit.audit.labels.output import check_label_outputs, write_labels
    from ferkit.audit.labels.text import describe_labels
    from ferkit.cli.tables import make_console, say

    check_label_outputs(out, has_images)
    found = audit_labels(run)
    for line in describe_labels(found, limit, make_console().width):
        typer.echo(line)
    for file in out:
        for warning in write_labels(found, file, limit, has_images):
            say(f"note: {warning}")
        typer.echo(f"written: {file}")


def _report(found: Audit, out: Sequence[Path]) -> None:
    from ferkit.audit.page import WRITERS
    from ferkit.audit.text import describe
    from ferkit.cli.tables import make_console

    for line in describe(found, make_console().width):
        typer.echo(line.encode("utf-8", "backslashreplace").decode())  # a file name may not be UTF-8
    for file in out:
        WRITERS[file.suffix](found, file)
        typer.echo(f"written: {file}")
