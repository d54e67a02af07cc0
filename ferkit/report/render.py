"""The page: read the folder, draw the figures, fill the template."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from ferkit.files import write_text, write_whole
from ferkit.report.figures import draw_confusion, draw_curves
from ferkit.report.results import (
    Predictions,
    read_environment,
    read_metrics,
    read_predictions,
    read_summary,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as the page embeds it: a data URI, and what it shows in words."""

    source: str
    alternative: str


def render(run_dir: Path) -> Path:
    """Write figures/*.png and report.html, and give the page's path.

    The page needs no network and no other file. Raises RunError where the folder holds no finished run.
    """
    summary = read_summary(run_dir)
    metrics = read_metrics(run_dir)
    sections = {
        f"{which}_epoch": read_predictions(run_dir, which, summary["labels"]) for which in ("best", "last")
    }
    confusions = {
        key: _confusion(run_dir, key, predictions, summary) for key, predictions in sections.items()
    }
    recipe = run_dir / "recipe.toml"
    template = _environment().get_template("report.html")
    page = template.render(
        summary=summary,
        environment=read_environment(run_dir),
        recipe=recipe.read_text(encoding="utf-8") if recipe.exists() else "",
        confusions=confusions,
        classes={key: predictions.class_scores() for key, predictions in sections.items()},
        curves=_curves(run_dir, metrics, summary),
        seconds=sum(row["seconds"] for row in metrics),
    )
    report = run_dir / "report.html"
    write_text(report, page)
    return report


def _confusion(run_dir: Path, key: str, predictions: Predictions, summary: Mapping[str, Any]) -> Picture:
    title = summary["scores"][key]["title"]
    figure = draw_confusion(predictions.confusion(), predictions.labels, title)
    recalls = ", ".join(f"{one.label} {100 * one.recall:.0f}%" for one in predictions.class_scores())
    words = f"Confusion matrix. {title}. Share of each class that is right: {recalls}."
    return _picture(run_dir / "figures" / f"confusion_{key}.png", figure, words)


def _curves(run_dir: Path, metrics: list[dict[str, Any]], summary: Mapping[str, Any]) -> Picture:
    last = summary["scores"]["last_epoch"]["accuracy"]
    epochs = max(row["epoch"] for row in metrics)
    words = (
        f"Loss and accuracy over {epochs} epochs, on training and test folds. "
        f"The test folds end at an accuracy of {100 * last:.2f}%."
    )
    return _picture(run_dir / "figures" / "curves.png", draw_curves(metrics), words)


def _picture(file: Path, figure: Figure, alternative: str) -> Picture:
    buffer = io.BytesIO()
    # Without the version of matplotlib in it, the same numbers give the same bytes.
    figure.savefig(buffer, format="png", dpi=110, facecolor="white", metadata={"Software": None})
    write_whole(file, lambda part: part.write_bytes(buffer.getvalue()))
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Picture(f"data:image/png;base64,{encoded}", alternative)


def _environment() -> Environment:
    loader = PackageLoader("ferkit.report", ".")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.lstrip_blocks = True
    made.filters["percent"] = lambda share: f"{100 * share:.2f}%"
    made.filters["duration"] = format_duration
    return made


def format_duration(seconds: float) -> str:
    """ "95.0" -> "1 min 35 s"."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{seconds:.1f} s"
