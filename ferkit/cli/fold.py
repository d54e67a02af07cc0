"""The options that choose a network of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ferkit.predict.model.which import FoldChoice

Repeat = Annotated[
    int | None,
    typer.Option(min=0, metavar="N", help="Repeat of the run, from 0. [default: the first]"),
]
Fold = Annotated[
    str | None,
    typer.Option(
        metavar="N|all|refit",
        help="Fold of the run, from 0. all: the mean of the repeat's folds. refit: the network of --refit. "
        "[default: refit if the run has it, or else the first fold]",
    ),
]


def read_fold(text: str | None) -> FoldChoice | None:
    """Return the value of --fold. Raises BadParameter for an unknown one."""
    if text is None or text == "all" or text == "refit":
        return text  # type: ignore[return-value]  # mypy narrows no string to a literal
    if text.isascii() and text.isdigit():
        return int(text)
    raise typer.BadParameter(
        f"expected a number from 0, all or refit, got {text[:40]!r}", param_hint="'--fold'"
    )
