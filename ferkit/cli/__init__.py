"""The command line. Each command is a thin module that imports heavy packages inside its function."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from ferkit.cli.audit import audit
from ferkit.cli.bench import bench
from ferkit.cli.check import check
from ferkit.cli.compare import compare
from ferkit.cli.data import app as data
from ferkit.cli.export import export
from ferkit.cli.finetune import finetune
from ferkit.cli.plugins import app as plugins
from ferkit.cli.predict import predict
from ferkit.cli.report import report
from ferkit.cli.run import run
from ferkit.cli.table import table
from ferkit.cli.weights import app as weights
from ferkit.errors import FerkitError, RecipeError
from ferkit.version import __version__

INTERRUPTED = 130  # the status that typer returns for Ctrl-C

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Recognise facial expressions, and train and evaluate models by recipes and plugins.\n\n"
    "Example: ferkit predict photo.jpg\n\nDocs: docs/site/index.md",
)
app.command()(run)
app.command()(check)
app.command()(audit)
app.command()(table)
app.command()(compare)
app.command()(report)
app.command()(predict)
app.command()(export)
app.command()(finetune)
app.command()(bench)
app.add_typer(plugins, name="plugins")
app.add_typer(weights, name="weights")
app.add_typer(data, name="data")


def _version(is_asked: bool) -> None:
    if is_asked:
        import torch

        from ferkit.neural.device import describe_device

        typer.echo(f"ferkit {__version__} (torch {torch.__version__}, {describe_device()})")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-v",
            callback=_version,
            is_eager=True,
            help="Print the versions of ferkit and torch, and the device.",
        ),
    ] = False,
) -> None:
    """Accept the options before a command."""


def _blame(error: Exception) -> FerkitError | None:
    """Return the message for an exception that a third-party plugin raised; None for any other."""
    from ferkit.components.discovery import load_plugins, named_modules
    from ferkit.components.plugin_failure import find_culprit

    return find_culprit(error, load_plugins(named_modules))


def _called() -> str:
    """Return the command that was called, such as "ferkit weights fetch", without its arguments."""
    command, names = typer.main.get_command(app), ["ferkit"]
    for word in sys.argv[1:]:
        inner = getattr(command, "commands", {})
        if word not in inner:
            break
        command = inner[word]
        names.append(word)
    return " ".join(names)


def main() -> None:
    """Run the command line. Exit status: 2 for an invalid recipe, 1 for other errors, 130 if interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # nothing that is printed can fail
    try:
        status = app(standalone_mode=False)
    except FerkitError as error:
        print(error, file=sys.stderr)
        sys.exit(2 if isinstance(error, RecipeError) else 1)
    except typer.Abort:
        status = INTERRUPTED
    except Exception as error:
        if not hasattr(error, "format_message"):
            if failure := _blame(error):
                print(failure, file=sys.stderr)
                sys.exit(1)
            raise
        message = error.format_message()
        if message.startswith("Usage: "):  # no arguments: the message is the help
            print(message)
        else:
            print(f"{message}\nTry: {_called()} --help", file=sys.stderr)
        sys.exit(2)
    if status == INTERRUPTED:
        print("\nStopped. Resume a run with: ferkit run RECIPE --resume", file=sys.stderr)
    sys.exit(status if isinstance(status, int) else 0)
