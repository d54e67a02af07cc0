"""Render the runs of a folder as one page: a table that can be sorted, links to reports, and curves."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from ferkit.errors import RunError
from ferkit.evaluation.protocol_text import protocol_key
from ferkit.evaluation.run_files import is_finished, read_metrics, read_summary
from ferkit.evaluation.side_by_side import listed_runs
from ferkit.evaluation.summary import Score, Summary
from ferkit.report.figures.overlay import Curve, draw_overlay, make_curve
from ferkit.report.render import template
from ferkit.runtime.atomic_write import write_text

PAGE = "index.html"


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """A run.

    Attributes:
        name: Its folder, relative to the folder of the page.
        link: The address of its report, relative to the page. None without a report.
        summary: Its scores. None if it is not finished.
        problem: The reason why there are no scores, or "".
        finished: Time of the summary: "2026-11-28 20:15", or "".
        curve: Accuracy by epoch, or None.
    """

    name: str
    link: str | None
    summary: Summary | None = None
    problem: str = ""
    finished: str = ""
    curve: Curve | None = None

    @property
    def score(self) -> Score | None:
        """The first score. Those whose epoch was selected on test images come last."""
        return next(iter(self.summary.scores.values()), None) if self.summary else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95% interval of the accuracy, for the coarsest groups."""
        found = list((self.score or {}).get("intervals", {}).values())
        return found[0]["accuracy"] if found else None

    @property
    def protocol(self) -> str:
        return protocol_key(self.summary.protocol) if self.summary else ""


def render_overview(folder: Path) -> Path:
    """Write index.html to a folder with run folders. The page needs no network and no other file.

    Args:
        folder: A folder of run folders, or of folders of several protocols.

    Returns:
        The path of the page.

    Raises:
        RunError: The folder has no run.
    """
    rows = [_read(run, folder, number) for number, run in enumerate(find_runs(folder))]
    if not rows:
        raise RunError(f"Cannot list the runs of {folder}: it has no run folder. Give a run, or runs/.")
    rows.sort(key=lambda row: row.finished, reverse=True)
    curves = [row.curve for row in rows if row.curve]
    page = folder / PAGE
    overlay = draw_overlay(curves) if curves else ""
    write_text(
        page, template("overview.html").render(rows=rows, overlay=overlay, folder=folder.resolve().name)
    )
    return page


def find_runs(folder: Path) -> list[Path]:
    """Return the run folders in a folder, by name, with those of several protocols, finished or not."""
    found: list[Path] = []
    for one in sorted(path for path in folder.iterdir() if path.is_dir()):
        found += [one] if _is_run(one) else _listed(one)
    return found


def _is_run(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("recipe.toml", "summary.json"))


def _listed(folder: Path) -> list[Path]:
    try:
        return [run for run in listed_runs(folder) if _is_run(run)]
    except RunError:
        return []  # one broken list must not hide the other runs


def _read(run: Path, folder: Path, number: int) -> OverviewRow:
    name = str(run.relative_to(folder))
    link = quote(os.fsencode(f"{name}/report.html")) if (run / "report.html").exists() else None
    try:
        metrics = read_metrics(run) if (run / "metrics.jsonl").exists() else []
        curve = make_curve(metrics, number)
        if not is_finished(run):
            return OverviewRow(name, link, problem="not finished", curve=curve)
        finished = datetime.fromtimestamp((run / "summary.json").stat().st_mtime)
        return OverviewRow(name, link, read_summary(run), "", f"{finished:%Y-%m-%d %H:%M}", curve)
    except RunError as error:
        return OverviewRow(name, link, problem=str(error))
