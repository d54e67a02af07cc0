"""`ferkit plugins check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ferkit.errors import ComponentError

if TYPE_CHECKING:
    from rich.console import Console

    from ferkit.testing import Outcome

COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow", "expected": "yellow"}


def check(
    package: Annotated[str, typer.Argument(help="Module, distribution or entry point of a plugin.")],
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
    image_size: Annotated[int, typer.Option(help="Size of the images for backbones, in pixels.")] = 96,
    is_brief: Annotated[bool, typer.Option("--brief", help="List only checks that did not pass.")] = False,
) -> None:
    """Check a plugin against every contract that ferkit has for its components.

    Exit status: 1 where a check fails.

    Example: ferkit plugins check ferkit_heads --brief

    Docs: docs/site/plugins.md
    """
    from rich.console import Console

    from ferkit.components.discovery import import_from_here
    from ferkit.testing import find_checks, run_checks

    import_from_here()
    checks = find_checks(package, _read_options(options or ()), image_size)
    outcomes = list(run_checks(checks, dict(_split(one) for one in expected or ())))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 10_000
    _print_table(console, [one for one in outcomes if not is_brief or one.status != "passed"])
    counts = {status: sum(one.status == status for one in outcomes) for status in COLOURS}
    console.print(
        f"{package}: " + ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    )
    if counts["failed"]:
        raise typer.Exit(1)


def _print_table(console: Console, outcomes: list[Outcome]) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    if not outcomes:
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    for column in ("of", "check", "", "told"):
        table.add_column(column, overflow="fold")
    for one in outcomes:
        verdict = f"[{COLOURS[one.status]}]{one.status}[/]"
        table.add_row(escape(str(one.check.subject)), one.check.name, verdict, escape(one.told))
    console.print(table)


def _read_options(settings: list[str] | tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """KIND.NAME.OPTION=VALUE, the value written as in TOML, or a plain string."""
    from ferkit.recipe.overrides import apply_overrides

    table: dict[str, Any] = {}
    if problems := apply_overrides(table, settings):
        raise ComponentError("\n".join(map(str, problems)))
    for kind, components in table.items():
        if not isinstance(components, dict) or not all(isinstance(one, dict) for one in components.values()):
            raise ComponentError(
                f"--set {kind}: expected KIND.NAME.OPTION=VALUE, e.g. head.maxpool.dropout=0.5"
            )
    return {f"{kind}.{name}": given for kind, all_of in table.items() for name, given in all_of.items()}


def _split(written: str) -> tuple[str, str]:
    name, _, reason = written.partition("=")
    return name, reason
