"""Render the comparison of two runs as one page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ferkit.evaluation.compare import Comparison, Outcomes, as_table
from ferkit.evaluation.run_files import read_metrics, read_summary
from ferkit.report.figures.overlay import Curve, draw_overlay, make_curve
from ferkit.report.render import template
from ferkit.report.table.settings import UNSET, read_settings


class Pair(NamedTuple):
    """A value of both runs."""

    name: str
    first: str
    second: str


class Recall(NamedTuple):
    """The recall of a label in both runs, from 0 to 1, and the number of images."""

    label: str
    images: int
    first: float
    second: float


def render_comparison(first: Outcomes, second: Outcomes, comparison: Comparison) -> str:
    """Return a page with scores, tests, recalls, different settings and curves. It needs no other file.

    Args:
        first: The predictions of a run.
        second: Those of another run.
        comparison: Their comparison.
    """
    curves = [one for one in map(_curve, (first.path, second.path), (0, 1)) if one]
    return template("comparison.html").render(
        first=first,
        second=second,
        found=comparison,
        rows=as_table(comparison),
        recalls=list(_recalls(first, second)),
        settings=list(_differences(first.path, second.path)),
        curves=curves,
        overlay=draw_overlay(curves) if curves else "",
    )


def _curve(run: Path, number: int) -> Curve | None:
    return make_curve(read_metrics(run), number)


def _differences(first: Path, second: Path) -> Iterator[Pair]:
    """Yield the settings that differ. Scores under other protocols are not those of other settings."""
    one, other = (read_settings(run, read_summary(run)) for run in (first, second))
    for key in sorted(one.keys() | other.keys()):
        pair = one.get(key, UNSET), other.get(key, UNSET)
        if pair[0].same != pair[1].same:
            yield Pair(key, pair[0].shown, pair[1].shown)


def _recalls(first: Outcomes, second: Outcomes) -> Iterator[Recall]:
    """Yield the mean recall over repeats of each label, on the images that both runs tested."""
    shared = first.predicted[0].keys() & second.predicted[0].keys()
    for label in first.labels:
        images = [key for key in shared if key[1] == label]
        if images:
            values = [
                sum(run[key] == label for run in one.predicted for key in images)
                / (len(images) * len(one.predicted))
                for one in (first, second)
            ]
            yield Recall(label, len(images), values[0], values[1])
