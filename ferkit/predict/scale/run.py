"""Predict all files in parts: plan them, skip those that are done, and give the others to workers."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import BinaryIO, Protocol

from ferkit.errors import RunError
from ferkit.predict.job import PredictionSummary
from ferkit.predict.media.sources import InputError
from ferkit.predict.output.parquet import import_parquet
from ferkit.predict.scale.files import list_files
from ferkit.predict.scale.part import Part, PartOptions, read_summary
from ferkit.predict.scale.plan import make_parts, make_plan, open_folder
from ferkit.predict.scale.share import Sharing
from ferkit.predict.scale.worker import open_workers
from ferkit.runtime.atomic_write import atomic_path
from ferkit.runtime.escape import csv_row
from ferkit.runtime.workers import Workers

FAILURES = "_failures.csv"


class FileProgress(Protocol):
    """Shows the progress of a prediction in parts."""

    def start(self, total: int) -> None:
        """Take the number of all files."""

    def advance(self, files: int) -> None:
        """Count files that are done."""

    def note(self, text: str) -> None:
        """Show a warning."""


def predict_in_parts(
    inputs: Sequence[str],
    options: PartOptions,
    workers: Workers,
    progress: FileProgress,
    stdin: BinaryIO | None = None,
) -> PredictionSummary:
    """Predict all files into a folder of Parquet files. Parts that are done already are skipped.

    Ctrl-C ends the work. Parts that are not finished then leave no file.

    Args:
        inputs: Files, folders and patterns, on this machine or at an address of fsspec, or "-".
        options: The options of all parts.
        workers: The workers.
        progress: Shows the progress.
        stdin: Stream for "-". Default: standard input.

    Raises:
        RunError: The folder cannot be used, or a worker cannot load the model or write a file.
    """
    import_parquet(options.folder, advice="")
    listed = list_files(inputs, stdin)
    tally = PredictionSummary(passed_over=listed.ignored)
    failures = list(listed.problems)
    if listed.files:
        with open_folder(options.folder, make_plan(options, listed.files)):
            _predict_listed(make_parts(listed.files), options, workers, progress, tally, failures)
            tally.written = [str(options.folder), *_write_failures(options.folder, failures)]
    for problem in failures:
        tally.add_problem(problem)
    return tally


def _predict_listed(
    parts: Sequence[Part],
    options: PartOptions,
    workers: Workers,
    progress: FileProgress,
    tally: PredictionSummary,
    failures: list[InputError],
) -> None:
    """Predict the parts that are not done. Adds their counts to `tally`, and their problems to `failures`."""

    def take(part: Part, result: PredictionSummary) -> None:
        failures.extend(result.problems)
        result.problems = []
        tally.add(result)
        progress.advance(len(part.files))

    progress.start(sum(len(part.files) for part in parts))
    todo = []
    for part in parts:
        if summary := read_summary(options.folder, part.number):
            take(part, summary)
        else:
            todo.append(part)
    if len(todo) < len(parts):
        progress.note(f"{len(parts) - len(todo)} of {len(parts)} parts are done already.")
    if not todo:
        return
    try:
        with open_workers(workers, options.folder, len(todo), progress.note) as pool:
            where = replace(options, folder=options.folder.absolute())
            failures += Sharing(pool, where, todo, take, progress.note).run()
    except KeyboardInterrupt:
        tally.is_stopped = True
        progress.note("Repeat the command to continue.")


def _write_failures(folder: Path, failures: Sequence[InputError]) -> list[str]:
    """Write the files that failed with their reasons, and return the path of this table if there are any."""
    file = folder / FAILURES
    try:
        if not failures:
            file.unlink(missing_ok=True)
            return []
        text = StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerows([("file", "reason"), *(csv_row([one.file, one.reason]) for one in failures)])
        with atomic_path(file) as part:
            part.write_bytes(text.getvalue().encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise RunError(f"Cannot write {file}: {error}") from error
    return [str(file)]
