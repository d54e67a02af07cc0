"""The options of `ferkit run` that train folds in other processes."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from ferkit.experiment.progress import Progress
    from ferkit.experiment.run import RunRequest
    from ferkit.runtime.workers import Workers


PRELOADED = ("ferkit.experiment.parts.worker", "timm", "torchvision")
"""Modules that workers import, which takes seconds. Plugins are not among them: they may start threads."""


class Where(StrEnum):
    ray = "ray"


Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, metavar="N", help="Train N folds at a time, in N processes."),
]
On = Annotated[
    Where | None,
    typer.Option(
        "--on",
        help="Train folds as tasks of a Ray cluster, whose nodes share the folder --out. Extra: ray. "
        "[default: processes of this machine]",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT", help="With --on ray: the cluster. [default: $RAY_ADDRESS, or a new local one]"
    ),
]
Cpus = Annotated[
    float | None,
    typer.Option(min=0.01, metavar="C", help="With --on ray: CPUs and threads of each worker. [default: 1]"),
]
Gpus = Annotated[
    float | None,
    typer.Option(min=0, metavar="G", help="With --on ray: GPUs of each worker, such as 0.5. [default: 0]"),
]
Memory = Annotated[
    float | None,
    typer.Option(min=0.01, metavar="M", help="With --on ray: memory to reserve for each worker, in GB."),
]
Fold = Annotated[
    int | None,
    typer.Option(min=0, metavar="I", help="Train only this fold, from 0, for --collect. Needs --out."),
]
Repeat = Annotated[
    int | None, typer.Option(min=0, metavar="J", help="Repeat of --fold, from 0. [default: 0]")
]
Collect = Annotated[
    bool,
    typer.Option("--collect", help="Merge the folds that --fold has trained. Needs --out."),
]


def make_workers(
    jobs: int | None,
    on: Where | None,
    address: str | None,
    cpus: float | None,
    gpus: float | None,
    memory: float | None,
) -> Workers | None:
    """Return the processes that train folds, or None for this process. Raises BadParameter."""
    from ferkit.runtime.workers import Workers, check_ray

    given = {"address": address, "cpus": cpus, "gpus": gpus, "memory": memory}
    given = {name: value for name, value in given.items() if value is not None}
    if gpus and gpus > 1 and not gpus.is_integer():
        raise typer.BadParameter(f"--gpus: expected a fraction below 1 or a whole number, got {gpus}.")
    if on:
        from ferkit.runtime.ray_cluster import check_address

        check_ray()
        check_address(address)
        return Workers(jobs, on.value, **given)  # type: ignore[arg-type]
    if given:
        raise typer.BadParameter(f"--{next(iter(given))} needs a Ray cluster. Give --on ray.")
    return Workers(jobs) if jobs else None


def start_early(workers: Workers | None) -> Workers | None:
    """Import what workers of trainings need while this process checks the recipe. Return the workers."""
    from ferkit.runtime.worker_process import preload
    from ferkit.runtime.workers import threads_of

    if workers and workers.on == "processes" and workers.jobs and workers.jobs > 1:
        preload(PRELOADED, threads_of(workers.jobs))
    return workers


def check_modes(
    out: Path | None, fold: int | None, repeat: int | None, collects: bool, others: dict[str, Any]
) -> None:
    """Check that options for jobs of a cluster have a run folder, and no option for another way of training.

    Args:
        out: The run folder.
        fold: The only fold to train, or None.
        repeat: Its repeat, or None.
        collects: True merges trained folds.
        others: Options that train in another way, with their values.

    Raises:
        typer.BadParameter: Options do not fit together.
    """
    if out is not None and os.path.exists(out) and not out.is_dir():
        raise typer.BadParameter(f"--out: expected a folder, got the file {out}. Give another path.")
    if repeat is not None and fold is None:
        raise typer.BadParameter("expected --fold with --repeat. Give both.")
    name = "--collect" if collects else "--fold"
    if fold is None and not collects:
        return
    others = {**others, **({"--fold": True} if collects and fold is not None else {})}
    if given := [option for option, value in others.items() if value]:
        raise typer.BadParameter(f"Cannot use {name} with {given[0]}. Drop one of them.")
    if out is None:
        raise typer.BadParameter(f"{name} needs the run folder that all jobs share. Give --out.")
    if collects and not out.is_dir():
        raise typer.BadParameter(f"--out: expected the run folder of --fold, but there is no folder {out}.")


def train_one(order: RunRequest, fold: int, repeat: int | None, progress: Progress) -> None:
    """Train one fold, and print the folders of its parts."""
    from ferkit.experiment.parts.one_fold import train_one_fold

    trained = train_one_fold(order, repeat or 0, fold, progress)
    if not trained:
        typer.echo(f"{order.folder}: the run has this fold already")
    for folder in trained:
        typer.echo(f"{folder}: trained. Merge all folds with --collect.")
