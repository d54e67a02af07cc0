"""The command `ferkit check`."""

from __future__ import annotations

from typing import Annotated

import typer


def check(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or the name of a shipped recipe.")],
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: fit.epochs=3.")
    ] = None,
) -> None:
    """Check a recipe and list every problem.

    The check reads no images and downloads nothing.

    Example: ferkit check recipe.toml --set fit.epochs=3

    Docs: docs/site/first-run.md
    """
    from ferkit.cli.tables import say
    from ferkit.experiment.hub_initial import find_initial
    from ferkit.recipe.check import normalize_warnings
    from ferkit.recipe.extends import read_chain
    from ferkit.recipe.load import load_recipe
    from ferkit.runtime.hub_reference import describe_file, is_absent

    checked, registry = load_recipe(recipe, overrides or (), change=find_initial)
    model = checked.model
    estimator = (
        f"estimator {checked.estimator.name}"
        if checked.estimator
        else f"{model.backbone.name} -> {model.head.name} -> {model.output.name}, loss {checked.loss.name}"
    )
    typer.echo(f"{checked.name}: no problem found")
    say(f"  {checked.data.name} -> {checked.detector.name} -> {estimator}")
    if model.initial:
        where = " (not in the cache; the run downloads and checks it)" if is_absent(model.initial) else ""
        say(f"  initial model: {describe_file(model.initial)}{where}")
    if bases := [str(file) for file, _ in read_chain(recipe)[1:]]:
        say(f"  extends {' -> '.join(bases)}")
    for warning in normalize_warnings(checked, registry):
        say(f"note: {warning}")
