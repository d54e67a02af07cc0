"""The page: read the folder, draw the figures, fill the template."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from matplotlib.figure import Figure

from ferkit.files import write_text, write_whole
from ferkit.protocol_words import describe_protocol
from ferkit.report.figures import draw_confusion, draw_curves
from ferkit.results import read_environment, read_metrics, read_summary


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
    detailed = {key: one for key, one in summary["scores"].items() if "confusion" in one}
    recipe = run_dir / "recipe.toml"
    page = template("report.html").render(
        summary=summary,
        environment=read_environment(run_dir),
        recipe=recipe.read_text(encoding="utf-8") if recipe.exists() else "",
        protocol_words=describe_protocol(summary["protocol"]),
        detailed=detailed,
        confusions={key: _confusion(run_dir, key, one, summary["labels"]) for key, one in detailed.items()},
        curves=_curves(run_dir, metrics, summary),
        seconds=sum(row["seconds"] for row in metrics),
    )
    report = run_dir / "report.html"
    write_text(report, page)
    return report


def _confusion(run_dir: Path, key: str, scores: Mapping[str, Any], labels: Sequence[str]) -> Picture:
    figure = draw_confusion(np.array(scores["confusion"]), labels, scores["title"])
    recalls = ", ".join(f"{one['label']} {100 * one['recall']:.0f}%" for one in scores["classes"])
    words = f"Confusion matrix. {scores['title']}. Share of each class that is right: {recalls}."
    return _picture(run_dir / "figures" / f"confusion_{key}.png", figure, words)


def _curves(run_dir: Path, metrics: list[dict[str, Any]], summary: Mapping[str, Any]) -> Picture:
    last = list(summary["scores"].values())[-1]["accuracy"]
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


def template(name: str) -> Template:
    """One of the pages of this folder."""
    loader = PackageLoader("ferkit.report", ".")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.lstrip_blocks = True
    made.filters["percent"] = lambda share: f"{100 * share:.2f}%"
    made.filters["duration"] = format_duration
    return made.get_template(name)


def format_duration(seconds: float) -> str:
    """ "95.0" -> "1 min 35 s"."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{seconds:.1f} s"
