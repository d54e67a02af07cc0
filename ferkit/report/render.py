"""Render the page: read the run folder, draw the figures, fill the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from ferkit.evaluation.formatting import (
    MARK,
    NAMES,
    describe_refit,
    format_drawn,
    format_duration,
    format_interval,
    format_percent,
)
from ferkit.evaluation.leak import MEANING
from ferkit.evaluation.protocol_text import describe_protocol
from ferkit.evaluation.run_files import read_environment, read_metrics, read_resolved, read_summary
from ferkit.evaluation.side_by_side import side_by_side_of
from ferkit.evaluation.verdict import RULE, judge
from ferkit.recipe.grid import combinations
from ferkit.report.figures.curves import detail_names, name_monitored
from ferkit.report.figures.gallery import (
    draw_all_curves,
    draw_reading,
    draw_training_details,
    read_all_predictions,
)
from ferkit.report.score_table import describe_kinds, drawn_kinds, format_settings, score_rows
from ferkit.report.search_section import describe_search, of_chosen_trials
from ferkit.runtime.atomic_write import write_text

if TYPE_CHECKING:
    from ferkit.report.faces.section import Images


def render(run_dir: Path, images: Images | None = None) -> Path:
    """Write figures/*.png and report.html to a run folder. The page needs no network and no other file.

    Args:
        run_dir: The folder of a finished run.
        images: Images for the page. Default: none.

    Returns:
        The path of the page.

    Raises:
        RunError: The folder has no finished run.
    """
    summary = read_summary(run_dir)
    metrics = read_metrics(run_dir)
    shown = of_chosen_trials(run_dir, metrics) if summary.search else metrics
    scores = summary.scores
    made = read_all_predictions(run_dir, summary, metrics)
    kinds = drawn_kinds(scores)
    recipe = run_dir / "recipe.toml"
    text = template("report.html").render(
        summary=summary,
        verdict=judge(summary),
        rule=RULE,
        environment=read_environment(run_dir),
        recipe=recipe.read_text(encoding="utf-8") if recipe.exists() else "",
        protocol_words=describe_protocol(summary.protocol),
        refit_words=describe_refit(summary.refit) if summary.refit else "",
        detailed={key: scores[key] for key in made},
        kinds=kinds,
        kinds_in_words=describe_kinds(scores),
        rows={key: score_rows(one, kinds) for key, one in scores.items()},
        figures={key: draw_reading(run_dir, key, scores[key], one) for key, one in made.items()},
        curves=draw_all_curves(run_dir, shown) if has_course(metrics) else [],
        is_network=not (recipe.exists() and "estimator" in read_resolved(run_dir)),
        details=draw_training_details(run_dir, shown),
        detail_rows=single_details(shown),
        search=describe_search(run_dir, summary.search),
        monitored=name_monitored(metrics),
        candidates=_describe_grid(run_dir) if recipe.exists() else [],
        images=images,
        side_by_side=side_by_side_of(run_dir),
        leak_meaning=MEANING,
        seconds=sum(row["seconds"] for row in metrics),
    )
    report = run_dir / "report.html"
    write_text(report, text)
    return report


def _describe_grid(run_dir: Path) -> list[str]:
    """Return the settings of each candidate in order; an empty list without a grid."""
    grid = read_resolved(run_dir).get("grid")
    return [format_settings(one) for one in combinations(grid)] if grid else []


def single_details(metrics: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the epochs for a table of extra values, if every fold has one epoch only."""
    return [] if has_course(metrics) or not detail_names(metrics) else list(metrics)


def has_course(metrics: Sequence[Mapping[str, Any]]) -> bool:
    """Return True if any fold has more than one epoch."""
    return any(row["epoch"] > 1 for row in metrics)


@cache
def template(name: str) -> Template:
    """Load a template of this package."""
    loader = PackageLoader("ferkit.report", ".")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.lstrip_blocks = True
    made.filters["percent"] = format_percent
    made.filters["interval"] = format_interval
    made.filters["drawn"] = lambda kind, clusters: format_drawn(kind, clusters)
    made.filters["duration"] = format_duration
    made.filters["settings"] = format_settings
    made.globals |= {"MARK": MARK, "NAMES": NAMES}
    return made.get_template(name)
