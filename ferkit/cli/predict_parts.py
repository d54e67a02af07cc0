"""The options of `ferkit predict` that predict files in parts, in other processes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ferkit.cli.workers import Where

if TYPE_CHECKING:
    from ferkit.predict.job import PredictionSummary
    from ferkit.predict.model_choice import ModelChoice
    from ferkit.predict.scale.run import FileProgress
    from ferkit.runtime.workers import Workers

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""The start of an address, whose second slash a path drops."""

Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        metavar="N",
        help="Predict in N processes, into a folder of Parquet files: --out NAME.parquet. To continue an "
        "interrupted prediction, repeat the command.",
    ),
]
On = Annotated[
    Where | None,
    typer.Option(
        "--on",
        help="Predict on a Ray cluster, whose nodes share the folder --out. Extra: ray. "
        "[default: processes of this machine]",
    ),
]


def check_outputs(out: Sequence[Path], **others: object) -> Path:
    """Return the folder of Parquet files. Raises BadParameter for other outputs.

    Args:
        out: The values of --out.
        others: Options for other outputs, with their values.
    """
    if given := [option for option, value in others.items() if value]:
        raise typer.BadParameter(f"Cannot use --{given[0]} with --jobs or --on. Drop one of them.")
    if out and ADDRESS.match(str(out[0])):
        raise typer.BadParameter(f"--out {out[0]}: expected a folder that all processes see, got an address.")
    if len(out) != 1 or out[0].suffix.lower() != ".parquet":
        raise typer.BadParameter(
            "--jobs and --on write one folder of Parquet files. Give --out NAME.parquet."
        )
    return out[0]


def predict_parts(
    choice: ModelChoice,
    inputs: Sequence[str],
    folder: Path,
    workers: Workers,
    quiet: bool,
    **options: Any,
) -> PredictionSummary:
    """Predict all inputs in parts.

    Args:
        choice: The model.
        inputs: Files, folders, patterns or addresses.
        folder: The folder of Parquet files.
        workers: The processes.
        quiet: Show no progress.
        options: Options for videos.
    """
    from ferkit.predict.scale.part import PartOptions, hash_model
    from ferkit.predict.scale.run import predict_in_parts

    wanted = PartOptions(folder, choice, hash_model(choice), **options)
    with watch_parts(not quiet) as progress:
        return predict_in_parts(inputs, wanted, workers, progress)


@contextmanager
def watch_parts(is_shown: bool) -> Iterator[FileProgress]:
    """Show a bar on standard error if it is a terminal. Yields the progress."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from ferkit.cli.video_bars import SpeedColumn

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), SpeedColumn("files/s"))
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        disable=not (is_shown and console.is_terminal),
    ) as bars:
        yield PartsProgress(bars, is_shown)


class PartsProgress:
    """A bar for all files.

    Args:
        bars: The bars of the terminal.
        is_shown: True shows warnings.
    """

    def __init__(self, bars: Any, is_shown: bool) -> None:
        self._bars = bars
        self._is_shown = is_shown

    def start(self, total: int) -> None:
        self._task = self._bars.add_task("files", total=total)

    def advance(self, files: int) -> None:
        self._bars.advance(self._task, files)

    def note(self, text: str) -> None:
        if self._is_shown:
            typer.echo(text, err=True)
