"""The command `ferkit fit-check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ferkit.bench.batch_probe import BatchProbe
    from ferkit.neural.lr_range import LrRange


Recipe = Annotated[str, typer.Argument(help="A recipe file, or the name of a shipped recipe.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: fit.epochs=3.")
]
Low = Annotated[float, typer.Option(metavar="RATE", help="First learning rate.")]
High = Annotated[float, typer.Option(metavar="RATE", help="Last learning rate.")]
Steps = Annotated[int, typer.Option(metavar="N", help="Steps of the learning rate range test. 0: no test.")]
Largest = Annotated[
    int, typer.Option("--max-batch", metavar="N", help="Largest batch size to try. 0: no probe.")
]
Memory = Annotated[
    float | None, typer.Option(metavar="GIB", help="Memory limit on a CPU. [default: 80% of the free memory]")
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write lr_range.csv and lr_range.png.")
]
Demo = Annotated[bool, typer.Option("--demo", help="Use generated faces. Needs no data set.")]


def fit_check(
    recipe: Recipe = "quickstart",
    overrides: Overrides = None,
    low: Low = 1e-6,
    high: High = 1.0,
    steps: Steps = 100,
    largest: Largest = 1024,
    memory: Memory = None,
    out: Out = None,
    demo: Demo = False,
) -> None:
    """Find the largest batch size and a learning rate for a recipe.

    The probe trains on batches of 2, 4, 8 ... images until memory is full. The learning rate range test
    (Smith 2017) raises the rate from step to step, and reports where the loss falls fastest. Nothing is
    saved, apart from --out.

    Example: ferkit fit-check quickstart --steps 50

    Docs: docs/site/train.md
    """
    from ferkit.bench.batch_probe import default_limit
    from ferkit.bench.delivery import watch
    from ferkit.bench.fit_check import FitOptions, write_curve
    from ferkit.bench.fit_check import fit_check as measure
    from ferkit.cli.tables import say
    from ferkit.experiment.hub_initial import download_initial
    from ferkit.recipe.demo import cut_down
    from ferkit.recipe.load import load_recipe

    _check(low, high, steps, largest, memory)
    change = cut_down([]) if demo else download_initial
    checked, registry = load_recipe(recipe, overrides or (), change=change)
    limit = int(memory * 2**30) if memory is not None else default_limit()
    with watch() as tell:
        found = measure(checked, registry, FitOptions(low, high, steps, largest, limit), tell)
    say(f"{checked.name}: {found.faces} training images on {found.device}")
    if found.batches:
        _show_batches(found.batches, limit if found.device == "cpu" else None)
    if found.rates:
        _show_rates(found.rates, checked.fit.optimizer.lr)
        for file in write_curve(out, found.rates) if out else ():
            typer.echo(f"written: {file}")


def _check(low: float, high: float, steps: int, largest: int, memory: float | None) -> None:
    """Raise DataError for impossible options."""
    from ferkit.bench.batch_probe import SMALLEST
    from ferkit.errors import DataError
    from ferkit.neural.lr_range import UNRELIABLE

    if not 0 < low < high < float("inf"):
        raise DataError(f"--low and --high: expected 0 < low < high, got {low:g} and {high:g}")
    if steps and steps < 2 * UNRELIABLE:
        raise DataError(f"--steps: expected {2 * UNRELIABLE} or more, or 0 for no test, got {steps}")
    if largest and largest < SMALLEST:
        raise DataError(f"--max-batch: expected {SMALLEST} or more, or 0 for no probe, got {largest}")
    if memory is not None and not memory > 0:
        raise DataError(f"--memory: expected more than 0 GiB, got {memory:g}")
    if not steps and not largest:
        raise DataError("Cannot check anything: --steps and --max-batch are both 0. Set one of them.")


def _show_batches(found: BatchProbe, limit: int | None) -> None:
    from ferkit.cli.tables import make_console, make_table, say

    table = make_table(["batch size", "seconds", "images/s", "memory"])
    for one in found.sizes:
        rate = f"{one.batch_size / one.seconds:.1f}"
        table.add_row(str(one.batch_size), f"{one.seconds:.3f}", rate, f"{one.peak / 2**30:.2f} GiB")
    make_console().print(table)
    if not found.sizes:
        say(f"No batch size fits: {found.end}.")
        return
    limited = f" Memory limit: {limit / 2**30:.1f} GiB (--memory)." if limit else ""
    say(f"Largest batch size that fits: {found.sizes[-1].batch_size}. The probe ended: {found.end}.{limited}")


def _show_rates(found: LrRange, current: float) -> None:
    from ferkit.bench.fit_check import thinned
    from ferkit.cli.tables import make_console, make_table, say

    table = make_table(["learning rate", "loss", "smoothed loss"])
    for row in thinned(found):
        table.add_row(*row)
    make_console().print(table)
    if found.has_diverged:
        say(f"The loss diverged after {len(found.steps)} steps, and the test ended.")
    if found.steepest is None:
        say("No suggestion: the loss never falls. Use more --steps, or a lower --low.")
        return
    say(
        f"Suggestion: --set fit.optimizer.lr={found.steepest:.1e} (now {current:.1e}). There, the smoothed "
        "loss falls fastest."
    )
