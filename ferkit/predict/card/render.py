"""Write a model card next to the model."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ferkit.evaluation.formatting import MARK, NAMES, format_interval, format_value
from ferkit.evaluation.protocol_text import describe_protocol
from ferkit.messages import printable, quote
from ferkit.neural.options import Normalize
from ferkit.neural.preprocessing import describe_normalize
from ferkit.predict.card.config import write_config
from ferkit.predict.card.facts import Facts
from ferkit.predict.card.front_matter import front_matter
from ferkit.runtime.atomic_write import write_text
from ferkit.runtime.escape import escape_markdown

NOT_MEASURED = "not measured"
WAYS = {
    "facenet": "(x − 127.5) / 128, of pixels from 0 to 255",
    "imagenet": "the mean and deviation of ImageNet, of pixels from 0 to 1",
}
"""Normalisations in words, by name."""


def card_file(model: Path) -> Path:
    """Return the path of a model's card, named after the whole file."""
    return model.with_name(f"{model.name}.card.md")


def write_card(facts: Facts) -> Path:
    """Write the card and the configuration next to the model, replacing existing ones. Raises RunError."""
    file = card_file(facts.file)
    write_config(facts.file, facts.description)
    write_text(file, render_card(facts))
    return file


def render_card(facts: Facts) -> str:
    """Render Markdown with the front matter of the Hub. Missing values are "not measured"."""
    loader = PackageLoader("ferkit.predict.card", ".")
    made = Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_escaped
    )
    made.filters |= {
        "interval": format_interval,
        "printable": printable,
        "quote": quote,
        "raw": Markup,
        "repr": lambda value: Markup(repr(value)),
        "thousands": "{:,}".format,
    }
    summary, recipe = facts.summary, tomllib.loads(facts.recipe)
    text: str = made.get_template("card.md.jinja").render(
        facts=facts,
        front_matter=front_matter(facts),
        known=facts.description,
        size=facts.file.stat().st_size,
        config=facts.config_name,
        summary=summary,
        data=summary.data if summary else None,
        warnings=summary.warnings if summary else (),
        main=facts.main,
        rows=_score_rows(facts.main),
        protocol=describe_protocol(summary.protocol) if summary else "",
        loss=(recipe.get("loss") or {}).get("name"),
        duplicates=(recipe.get("faces") or {}).get("duplicates", "keep"),
        normalisation=_describe_normalize(facts.description.model.normalize),
        MARK=MARK,
        NOT_MEASURED=NOT_MEASURED,
    )
    return text


def _describe_normalize(normalize: Normalize) -> str:
    way = describe_normalize(normalize)
    return f"as {way}: {WAYS[way]}" if way in WAYS else f"with {way}, of pixels from 0 to 1"


def _escaped(value: Any) -> str:
    """Escape what is put into the card, as labels, names and descriptions may hold anything."""
    return str(value) if isinstance(value, Markup) else escape_markdown(str(value))


def _score_rows(main: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """List (metric, value, interval) for each metric of a run."""
    kind = next(iter(main.get("intervals", {})), "")
    edges = main["intervals"][kind] if kind else {}
    rows = []
    for metric, name in NAMES.items():
        value = format_value(metric, main[metric]) if metric in main else NOT_MEASURED
        interval = f"{format_interval(edges[metric])} (by {kind})" if metric in edges else "-"
        rows.append((name, value, interval))
    return rows
