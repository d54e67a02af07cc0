"""The command `ferkit compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ferkit.evaluation.compare import Comparison, Outcomes


def compare(
    first: Annotated[Path, typer.Argument(help="A run folder.")],
    second: Annotated[Path, typer.Argument(help="The folder of another run on the same images.")],
    epoch_selection: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="best_epoch, last_epoch or chosen_epoch. [default: the one not selected on test images]",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page, also with recalls, settings and curves."),
    ] = None,
) -> None:
    """Compare two runs image by image with statistical tests.

    The tests are McNemar's test and a paired bootstrap. By default, the epoch that was not selected on test
    images is used.

    Example: ferkit compare runs/first runs/second --html comparison.html

    Docs: docs/site/data.md
    """
    from ferkit.evaluation.compare import compare as compare_outcomes
    from ferkit.evaluation.compare import read_outcomes

    one, other = read_outcomes(first, epoch_selection), read_outcomes(second, epoch_selection)
    found = compare_outcomes(one, other)
    _show(one, other, found)
    if out:
        from ferkit.report.comparison import render_comparison
        from ferkit.runtime.atomic_write import write_text

        write_text(out, render_comparison(one, other, found))
        typer.echo(f"page: {out}")


def _show(one: Outcomes, other: Outcomes, found: Comparison) -> None:
    from ferkit.cli.tables import say
    from ferkit.evaluation.compare import as_table
    from ferkit.evaluation.formatting import NAMES
    from ferkit.messages import count_of

    for name, outcomes in (("first ", one), ("second", other)):
        words = f"{outcomes.protocol}, {outcomes.selection}, {count_of(len(outcomes.predicted), 'repeat')}"
        typer.echo(f"{name}  {outcomes.path} ({words})")
    typer.echo(f"{found.images} images in both\n")
    typer.echo(f"{'percent':<14}{'first':>8}{'second':>8}{'difference':>12}  95% interval, by {found.kind}")
    for row in as_table(found):
        numbers = f"{row['first']:>8.2f}{row['second']:>8.2f}{row['difference']:>+12.2f}"
        name = NAMES[row["metric"].replace(" ", "_")]
        typer.echo(f"{name:<14}{numbers}  {row['low']:+.2f} to {row['high']:+.2f}")
    typer.echo("")
    for repeat, test in enumerate(found.mcnemar, start=1):
        typer.echo(
            f"McNemar, repeat {repeat}: right only in first {test.only_first}, only in second "
            f"{test.only_second}, p = {test.p_value:.3g}"
        )
    say(found.conclusion)
    for note in found.notes:
        say(f"note: {note}")
