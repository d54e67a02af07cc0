"""The command line. Each command is a thin module that imports heavy packages inside its function."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
import typer.core

from ferkit.cli.audit import audit
from ferkit.cli.bench import bench
from ferkit.cli.check import check
from ferkit.cli.compare import compare
from ferkit.cli.data import app as data
from ferkit.cli.evaluate import EvaluateCommand, evaluate
from ferkit.cli.export import export
from ferkit.cli.finetune import finetune
from ferkit.cli.fit_check import fit_check
from ferkit.cli.launched import call_in_processes
from ferkit.cli.plugins import app as plugins
from ferkit.cli.predict import predict
from ferkit.cli.report import report
from ferkit.cli.reproduce import reproduce
from ferkit.cli.run import run
from ferkit.cli.serve import serve
from ferkit.cli.table import table
from ferkit.cli.terminal import printable_output
from ferkit.cli.weights import app as weights
from ferkit.errors import FerkitError, RecipeError
from ferkit.runtime.processes import is_launched
from ferkit.version import __version__

INTERRUPTED = 130  # the status that typer returns for Ctrl-C


class Commands(typer.core.TyperGroup):
    """The commands. typer ends at any KeyboardInterrupt, but a plugin's own is an error of the plugin."""

    def invoke(self, ctx: Any) -> Any:
        """Call the command that was typed. Raises Abort for an interrupt that no user caused."""
        from ferkit.components.tracebacks import is_interrupt

        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            if is_interrupt(error):
                raise
            raise typer.Abort from error


app = typer.Typer(
    cls=Commands,
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
app.command()(reproduce)
app.command()(report)
app.command()(predict)
app.command()(serve)
app.command(cls=EvaluateCommand)(evaluate)
app.command()(export)
app.command()(finetune)
app.command()(fit_check)
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


def _blame(error: BaseException) -> FerkitError | None:
    """Return the message for an exception that a third-party plugin raised; None for any other."""
    from ferkit.components.discovery import load_plugins, named_modules
    from ferkit.components.plugin_failure import find_culprit

    return find_culprit(error, load_plugins(named_modules))


def _report(error: BaseException) -> int:
    """Print an unexpected error and return the exit status; re-raise an error of ferkit itself."""
    from ferkit.components.tracebacks import is_interrupt

    if isinstance(error, typer.Abort):  # what typer makes of Ctrl-C
        error = error.__cause__ or KeyboardInterrupt()
    if is_interrupt(error):
        return INTERRUPTED
    if format_message := getattr(error, "format_message", None):
        message = format_message()
        if message.startswith("Usage: "):  # no arguments: the message is the help
            print(message)
        else:
            print(f"{message}\nTry: {_called()} --help", file=sys.stderr)
        return 2
    if failure := _blame(error):
        print(failure, file=sys.stderr)
        return 1
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    raise error


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
    with printable_output():
        _main()


def _call() -> Any:
    return app(standalone_mode=False)


def _main() -> None:
    try:
        status = call_in_processes(_call) if is_launched() else _call()
    except FerkitError as error:
        print(error, file=sys.stderr)
        sys.exit(2 if isinstance(error, RecipeError) else 1)
    except BaseException as error:
        status = _report(error)
    if status == INTERRUPTED:
        print("\nStopped.", file=sys.stderr)
    sys.exit(status if isinstance(status, int) else 0)
