"""What the page calls things, and how it writes numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MARK = "selected on the data it is reported on: optimistic"
"""What every score bears that the test images' own labels chose."""

NAMES = {
    "accuracy": "accuracy",
    "mean_recall": "UAR",
    "macro_f1": "macro F1",
    "nll": "NLL",
    "brier": "Brier score",
    "ece": "ECE",
}
"""Each of them is a field of `Scores`, in summary.json and in the tables."""
SHARES = ("accuracy", "mean_recall", "macro_f1")
"""Those of NAMES that are written in percent, the higher the better; of the others the lower."""


def title_of(score: Mapping[str, Any]) -> str:
    """An epoch selection's title, with the mark if it needs one."""
    return f"{score['title']} ({MARK})" if score["selected_on_test"] else str(score["title"])


def format_percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}%"


def format_value(metric: str, value: float) -> str:
    return format_percent(value) if metric in SHARES else f"{value:.3f}"


def format_interval(edges: Sequence[float]) -> str:
    """(0.469, 0.555) -> "46.9 to 55.5%"."""
    low, high = edges
    return f"{100 * low:.1f} to {100 * high:.1f}%"


def format_drawn(kind: str, clusters: int) -> str:
    """What the bootstrap drew: "by movie, 58"."""
    return f"by {kind}, {clusters}"


def format_duration(seconds: float) -> str:
    """95.0 -> "1 min 35 s"."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{seconds:.1f} s"
