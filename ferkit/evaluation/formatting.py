"""Names of scores and formats of numbers in reports."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.evaluation.summary import RefitSummary
from ferkit.messages import count_of

MARK = "optimistic, because test images selected the epoch"
"""Mark of scores whose epoch was selected by labels of test images. It is shown once."""

NAMES = {
    "accuracy": "accuracy",
    "mean_recall": "UAR",
    "macro_f1": "macro F1",
    "nll": "NLL",
    "brier": "Brier score",
    "ece": "ECE",
}
"""Field of `Scores` to its name in reports and tables."""
SHARES = ("accuracy", "mean_recall", "macro_f1")
"""Scores in percent: higher is better. For the others of NAMES, lower is better."""


def format_percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}%"


def format_value(metric: str, value: float) -> str:
    return format_percent(value) if metric in SHARES else f"{value:.3f}"


def format_interval(edges: Sequence[float]) -> str:
    """Format an interval: (0.469, 0.555) as "46.9 to 55.5%"."""
    low, high = edges
    return f"{100 * low:.1f} to {100 * high:.1f}%"


def format_drawn(kind: str, clusters: int) -> str:
    """Format the unit of the bootstrap and its number: "by movie, 58"."""
    return f"by {kind}, {clusters}"


def format_duration(seconds: float) -> str:
    """Format seconds: 95.0 as "1 min 35 s"."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{seconds:.1f} s"


def describe_refit(refit: RefitSummary) -> str:
    """Describe the network on all images."""
    trained = f"{count_of(refit.images, 'image')} for {count_of(refit.epoch, 'epoch')}"
    return (
        f"Refit: one network was trained on all {trained}. It has no score of its own: the scores are those "
        "of the folds."
    )
