"""The command `ferkit run`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ferkit.cli.workers import (
    Address,
    Collect,
    Cpus,
    Fold,
    Gpus,
    Jobs,
    Memory,
    On,
    Repeat,
    check_modes,
    make_workers,
    start_early,
    train_one,
)

if TYPE_CHECKING:
    from ferkit.components.registry import Registry
    from ferkit.experiment.progress import Progress
    from ferkit.experiment.run import RunRequest
    from ferkit.recipe.schema import Recipe
    from ferkit.runtime.workers import Workers

Trackers = Annotated[
    list[str] | None,
    typer.Option(
        "--track", metavar="NAME", help="Log to a tracker, such as tensorboard or mlflow. Repeatable."
    ),
]


RecipeName = Annotated[str, typer.Argument(help="A recipe file, or the name of a shipped recipe.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: fit.epochs=3.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="The run folder. [default: runs/NAME-DATE-TIME]"),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Resume the latest run of this recipe, or the run in --out.")
]
Refit = Annotated[
    bool,
    typer.Option(
        "--refit",
        help="After the folds, train one network on all images. With --resume, add it to a finished run.",
    ),
]
Demo = Annotated[
    bool, typer.Option("--demo", help="Train on generated faces for a few minutes. Needs no data set.")
]
Protocols = Annotated[
    str | None,
    typer.Option(
        metavar="WORDS",
        help="Run under several protocols, in folders of --out: paper,movie. Words: recipe, paper, random, "
        "near, nested, and the kinds of group of the data, also as nested-movie. [default: the recipe's]",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


def run(
    recipe: RecipeName = "quickstart",
    overrides: Overrides = None,
    out: Out = None,
    resume: Resume = False,
    refit: Refit = False,
    demo: Demo = False,
    protocols: Protocols = None,
    track: Trackers = None,
    jobs: Jobs = None,
    on: On = None,
    address: Address = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    memory: Memory = None,
    fold: Fold = None,
    repeat: Repeat = None,
    collect: Collect = False,
    quiet: Quiet = False,
) -> None:
    """Train and evaluate a recipe, and write a report.

    By default, the recipe is quickstart and the run folder is runs/NAME-DATE-TIME. With --resume, an
    interrupted run continues from the last complete epoch. With --refit, `ferkit predict` and `ferkit export`
    use the network on all images by default. With --protocols, or `protocols` in the recipe, the last line
    has the leak: the accuracy with random folds minus that with grouped folds. docs/site/scale.md explains
    --jobs, --on and --fold.

    Example: ferkit run quickstart --set fit.epochs=3

    Docs: docs/site/first-run.md
    """
    others = {"--jobs": jobs, "--on": on, "--protocols": protocols, "--refit": refit and fold is not None}
    check_modes(out, fold, repeat, collect, others)
    workers = start_early(make_workers(jobs, on, address, cpus, gpus, memory))
    from ferkit.experiment.request import make_request
    from ferkit.recipe.load import read_protocols

    given: Any = {"refit": refit, "demo": demo, "track": track or (), "workers": workers}
    is_alone = demo or collect or fold is not None
    if words := protocols or (None if is_alone else read_protocols(recipe, overrides or ())):
        from ferkit.cli.side_by_side import run_side_by_side

        run_side_by_side(recipe, words, overrides or (), out, resume=resume, quiet=quiet, **given)
        return
    order = make_request(recipe, overrides or (), out, resume=resume, collects=collect, **given)
    if fold is not None:
        with show_progress(order, quiet) as progress:
            train_one(order, fold, repeat, progress)
        return
    command = resume_command(recipe, overrides or (), order.folder, **{**given, "refit": False})
    run_order(order, quiet, command)


@contextmanager
def show_progress(order: RunRequest, quiet: bool) -> Iterator[Progress]:
    """Print the name of a run, and provide its progress."""
    from ferkit.cli.progress import watch
    from ferkit.cli.tables import say
    from ferkit.experiment.run import NO_PROGRESS

    typer.echo(f"{order.recipe.name}: {order.folder}")
    if order.recipe.description:
        say(order.recipe.description)
    epochs = count_epochs(order.recipe, order.registry)
    with nullcontext(NO_PROGRESS) if quiet else watch(*epochs) as progress:
        yield progress


def run_order(order: RunRequest, quiet: bool, command: str) -> None:
    """Do a run, and print its scores. If it is interrupted, print the command that resumes it."""
    from ferkit.experiment.run import run

    try:
        with show_progress(order, quiet) as progress:
            report = run(order, progress)
    except KeyboardInterrupt:
        if (order.folder / "recipe.toml").is_file():
            typer.echo(f"\nResume this run with: {command}", err=True)
        raise
    show_scores(order.folder)
    typer.echo(f"report: {report}")


def resume_command(
    recipe: str,
    overrides: Sequence[str],
    folder: Path,
    *,
    demo: bool,
    track: Sequence[str],
    protocols: str | None = None,
    refit: bool = False,
    workers: Workers | None = None,
) -> str:
    """Return the command that resumes a run. `refit` is for runs that have not started."""
    from ferkit.messages import quote

    words = ["ferkit", "run", recipe]
    words += [word for one in overrides for word in ("--set", one)]
    words += ["--demo"] if demo else []
    words += ["--protocols", protocols] if protocols else []
    words += ["--refit"] if refit else []
    words += [word for one in track for word in ("--track", one)]
    words += workers.options if workers else []
    return " ".join(map(quote, [*words, "--out", str(folder), "--resume"]))


def count_epochs(recipe: Recipe, registry: Registry) -> tuple[int, bool]:
    """Return the number of epochs per fold, and True if they belong to an estimator's network."""
    from ferkit.components.options import option_parameters
    from ferkit.recipe.parts import uses_network

    if recipe.estimator is None:
        return recipe.fit.epochs, False
    parameters = option_parameters(registry.get("estimator", recipe.estimator.name))
    own = parameters["epochs"].default if "epochs" in parameters else None
    if isinstance(epochs := recipe.estimator.options.get("epochs", own), int):
        return epochs, False
    is_wrapped = uses_network(recipe, registry)
    return (recipe.fit.epochs, True) if is_wrapped else (1, False)


def show_scores(folder: Path) -> None:
    """Print the scores of a run with their intervals, the paper's number and the warnings."""
    from ferkit.cli.tables import say
    from ferkit.evaluation.formatting import MARK, describe_refit
    from ferkit.evaluation.run_files import read_summary
    from ferkit.evaluation.verdict import judge

    summary = read_summary(folder)
    is_marked = False
    for score in summary.scores.values():
        if score["selected_on_test"] and not is_marked:
            say(f"{MARK.capitalize()}:")
            is_marked = True
        say(("  " if is_marked else "") + _describe_score(score))
    if paper := summary.paper:
        say(f"The paper's row {paper['row']!r}: {paper['number']:.2f}%")
        say(f"Verdict: {judge(summary)}")
    if summary.refit:
        say(describe_refit(summary.refit))
    for warning in summary.warnings:
        say(f"note: {warning}")


def _describe_score(score: Mapping[str, Any]) -> str:
    spread = score["deviation"]
    words = f" ± {100 * spread:.2f} over {len(score['repeats'])} repeats" if spread is not None else ""
    for kind, found in list(score.get("intervals", {}).items())[:1]:
        low, high = (100 * edge for edge in found["accuracy"])
        words += f", 95% interval {low:.1f} to {high:.1f} (by {kind})"
    return f"{score['title']}: {100 * score['accuracy']:.2f}%{words}"
