"""`ferkit finetune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ferkit.experiment.finetune.plan import FinetunePlan

Folder = Annotated[Path, typer.Argument(help="One folder for each class, images below them.")]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="MODEL",
        help="What to start from: weights (`ferkit weights list`), a run's folder or a model file, 'default' "
        "for ferkit's own; where its classes are others, the head begins anew. [default: msceleb1m]",
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(min=1, help="Passes over the images. [default: 8, of few images up to 30]"),
]
Pattern = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        help="Reads off files' names who is shown, e.g. '(?P<person>[a-z]+)_': nobody is then trained and "
        "tested on.",
    ),
]
Detector = Annotated[
    str | None,
    typer.Option(
        "--detector",
        "-d",
        help="What finds the faces: a name, or '{name=\"mtcnn\", min_face_size=40}'. [default: mtcnn]",
    ),
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set a key of the recipe.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write the recipe, and train nothing.")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Where all of it goes. [default: finetune-FOLDER]")
]


def finetune(
    folder: Folder,
    begin: From = None,
    epochs: Epochs = None,
    group_pattern: Pattern = None,
    detector: Detector = None,
    overrides: Overrides = None,
    out: Out = None,
    dry_run: DryRun = False,
) -> None:
    """Make a model of your own images: class folders to a file that `ferkit predict` runs.

    Looks at the images, writes a recipe that can be edited, runs it as `ferkit run` does, and exports
    the network with its card. The reported score is of images that no network learnt from and that
    chose nothing.
    """
    from ferkit.cli.progress import watch_images
    from ferkit.experiment.finetune.plan import FinetuneOptions, make_plan
    from ferkit.messages import quote

    wish = FinetuneOptions(folder, begin, epochs, group_pattern, detector, tuple(overrides or ()), out)
    with watch_images() as progress:
        plan = make_plan(wish, progress)
    for line in (*plan.told, f"recipe: {plan.file}"):
        typer.echo(line.encode("utf-8", "backslashreplace").decode())  # a file's name may be no UTF-8
    if dry_run:
        typer.echo(f"nothing was trained; to do it: {plan.command('')}")
        return
    run = quote(plan.run)
    typer.echo(f"if it is stopped: {plan.command(f' --out {run} --resume')}")
    _train(plan)
    _export(plan)


def _train(plan: FinetunePlan) -> None:
    from ferkit.cli.progress import watch
    from ferkit.cli.run import count_epochs, show_scores
    from ferkit.experiment.run import RunRequest, run

    with watch(*count_epochs(plan.recipe, plan.registry)) as progress:
        report = run(RunRequest(plan.recipe, plan.registry, plan.run), progress)
    show_scores(plan.run)
    typer.echo(f"report: {report}")


def _export(plan: FinetunePlan) -> None:
    from ferkit.messages import quote
    from ferkit.predict.card.facts import gather
    from ferkit.predict.card.render import write_card
    from ferkit.predict.model.export import export_model
    from ferkit.predict.model.from_run import open_run

    made = export_model(plan.run, plan.model)
    typer.echo(f"model: {made.file} ({open_run(plan.run).choice})")
    typer.echo(f"card: {write_card(gather(made.file, made.loaded))}")
    typer.echo("next:")
    typer.echo(f"  ferkit predict PHOTO --model {quote(made.file)}")
    typer.echo(f"  ferkit report {quote(plan.run)} --images")
    typer.echo(f"  {plan.command('    # the recipe, edited')}")
