"""The command `ferkit finetune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ferkit.cli.trust import TrustPlugins

if TYPE_CHECKING:
    from ferkit.experiment.finetune.plan import FinetunePlan

Folder = Annotated[Path, typer.Argument(help="A folder with one folder of images per class.")]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="MODEL",
        help="Initial model: weights (`ferkit weights list`), a run folder, a model file, a model on the "
        "Hugging Face Hub (hf://USER/NAME@REVISION), or 'default' for the bundled model. With other classes, "
        "the head is initialised at random. [default: msceleb1m]",
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Number of epochs. [default: 8, up to 30 for small data sets]"),
]
Pattern = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        help="Pattern of the person in each file name, such as '(?P<person>[a-z]+)_'. No person is then in "
        "both training and test.",
    ),
]
Detector = Annotated[
    str | None,
    typer.Option(
        "--detector",
        "-d",
        metavar="NAME",
        help="Detector: a name, with options as in mtcnn:min_face_size=40. [default: mtcnn]",
    ),
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: fit.batch_size=8.")
]
Refit = Annotated[
    bool,
    typer.Option("--refit", help="After the folds, train one network on all images, and export it."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write the recipe without training.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="The folder to write. [default: finetune-FOLDER]"),
]


def finetune(
    folder: Folder,
    begin: From = None,
    epochs: Epochs = None,
    group_pattern: Pattern = None,
    detector: Detector = None,
    overrides: Overrides = None,
    out: Out = None,
    refit: Refit = False,
    dry_run: DryRun = False,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Train a model on your own images, in one folder per class.

    ferkit writes a recipe that you can edit, runs it, and exports the model with its card for
    `ferkit predict`. By default training starts from the weights msceleb1m, and mtcnn detects the faces. The
    reported score is on images that were used neither for training nor for epoch selection. By default, the
    exported network is that of the first fold. With --refit, it is a network trained on all images.

    Example: ferkit finetune images --out smiles

    Docs: docs/site/predict.md
    """
    from ferkit.cli.progress import watch_images
    from ferkit.cli.tables import say
    from ferkit.experiment.finetune.plan import FinetuneOptions, make_plan
    from ferkit.messages import quote
    from ferkit.runtime.processes import refuse_several_processes

    refuse_several_processes()
    settings = tuple(overrides or ())
    wish = FinetuneOptions(folder, begin, epochs, group_pattern, detector, settings, out, trust_plugins)
    with watch_images() as progress:
        plan = make_plan(wish, progress)
    for line in (*plan.told, f"recipe: {plan.file}"):
        say(line.encode("utf-8", "backslashreplace").decode())  # a file name may not be UTF-8
    if dry_run:
        typer.echo(f"Dry run: nothing was trained. Next: {plan.command(' --refit' if refit else '')}")
        return
    run = quote(plan.run)
    typer.echo(f"If interrupted, resume with: {plan.command(f' --out {run} --resume')}")
    _train(plan, refit)
    _export(plan, " --refit" if refit else "")


def _train(plan: FinetunePlan, refit: bool) -> None:
    from ferkit.cli.progress import watch
    from ferkit.cli.run import count_epochs, show_scores
    from ferkit.experiment.run import RunRequest, run

    with watch(*count_epochs(plan.recipe, plan.registry)) as progress:
        report = run(RunRequest(plan.recipe, plan.registry, plan.run, has_refit=refit), progress)
    show_scores(plan.run)
    typer.echo(f"report: {report}")


def _export(plan: FinetunePlan, option: str) -> None:
    from ferkit.messages import quote
    from ferkit.predict.card.facts import gather
    from ferkit.predict.card.render import write_card
    from ferkit.predict.model.export import export_model
    from ferkit.predict.model.from_run import open_run

    made = export_model(plan.run, plan.model)
    typer.echo(f"model: {made.file} ({open_run(plan.run).choice})")
    typer.echo(f"card: {write_card(gather(made.file, made.loaded))}")
    typer.echo("Next:")
    typer.echo(f"  ferkit predict PHOTO --model {quote(made.file)}")
    typer.echo(f"  ferkit report {quote(plan.run)} --images")
    typer.echo(f"  {plan.command(f'{option}    # after editing the recipe')}")
