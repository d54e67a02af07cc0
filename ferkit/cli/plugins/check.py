"""The command `ferkit plugins check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ferkit.errors import ComponentError

if TYPE_CHECKING:
    from rich.console import Console

    from ferkit.testing import Outcome

DETAILS = 50
"""Minimum width of the other columns of the table, in characters."""
COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow", "expected": "yellow"}


def check(
    package: Annotated[str, typer.Argument(help="The module, distribution or entry point of a plugin.")],
    options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KIND.NAME.OPTION=VALUE", help="Set an option of a component."),
    ] = None,
    expected: Annotated[
        list[str] | None,
        typer.Option(
            "--expect", metavar="CHECK=REASON", help="Mark a check as known to fail, with the reason."
        ),
    ] = None,
    image_size: Annotated[int, typer.Option(metavar="PIXELS", help="Size of the images for backbones.")] = 96,
    is_brief: Annotated[bool, typer.Option("--brief", help="List only checks that did not pass.")] = False,
) -> None:
    """Check a plugin's components against ferkit's contracts.

    By default all checks are listed, and backbones get images of 96 pixels. Exit status: 1 if a check fails.

    Example: ferkit plugins check ferkit_heads --brief

    Docs: docs/site/plugins.md
    """
    from ferkit.cli.tables import make_console
    from ferkit.components.discovery import import_from_here
    from ferkit.testing import find_checks, run_checks

    import_from_here()
    checks = find_checks(package, _read_options(options or ()), image_size)
    outcomes = list(run_checks(checks, dict(_split(one) for one in expected or ())))
    console = make_console()
    _print_table(console, [one for one in outcomes if not is_brief or one.status != "passed"])
    counts = {status: sum(one.status == status for one in outcomes) for status in COLOURS}
    summary = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    console.print(f"{package}: {summary}", highlight=False)
    if counts["failed"]:
        raise typer.Exit(1)


def _print_table(console: Console, outcomes: list[Outcome]) -> None:
    from rich.markup import escape

    from ferkit.cli.tables import make_table

    if not outcomes:
        return
    names = max(len(f"{one.check.subject}{one.check.name}") for one in outcomes)
    if names + DETAILS > console.width:
        _print_stacked(console, outcomes)
        return
    table = make_table(("component", "check", "result", "details"))
    for column in table.columns[:3]:
        column.no_wrap = True
    for one in outcomes:
        result = f"[{COLOURS[one.status]}]{one.status}[/]"
        table.add_row(escape(str(one.check.subject)), one.check.name, result, escape(one.told))
    console.print(table)


def _print_stacked(console: Console, outcomes: list[Outcome]) -> None:
    """Print a heading for each component, a line for each check, and its details below."""
    from itertools import groupby

    from rich.markup import escape
    from rich.padding import Padding

    for subject, group in groupby(outcomes, lambda one: str(one.check.subject)):
        console.print(f"[bold]{escape(subject)}[/]", highlight=False)
        for one in group:
            console.print(f"  [{COLOURS[one.status]}]{one.status:<8}[/] {one.check.name}", highlight=False)
            if one.told:
                console.print(Padding(escape(one.told), (0, 0, 0, 11), expand=False), highlight=False)


def _read_options(settings: list[str] | tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Read KIND.NAME.OPTION=VALUE settings. A value is a TOML value or a plain string."""
    from ferkit.recipe.overrides import apply_overrides

    table: dict[str, Any] = {}
    if problems := apply_overrides(table, settings):
        raise ComponentError("\n".join(map(str, problems)))
    for kind, components in table.items():
        if not isinstance(components, dict) or not all(isinstance(one, dict) for one in components.values()):
            raise ComponentError(
                f"Cannot read --set {kind}: expected KIND.NAME.OPTION=VALUE, such as head.maxpool.dropout=0.5"
            )
    return {f"{kind}.{name}": given for kind, all_of in table.items() for name, given in all_of.items()}


def _split(written: str) -> tuple[str, str]:
    name, _, reason = written.partition("=")
    return name, reason
