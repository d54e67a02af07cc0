"""The verdict: does a run reproduce the score of a paper?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ferkit.evaluation.metrics.intervals import FEWEST
from ferkit.evaluation.summary import Summary

RULE = """\
A run is comparable with a paper if data, protocol and number of folds are the same. The data is the same if
[paper] names no other data, the images match the manifest of the recipe, and no faces are generated. The
verdict uses the run's 95% bootstrap interval of the same metric, which draws whole groups if there are any.
Under the paper's protocol, it uses the best epoch, as the paper does. Under other protocols, it uses the
epoch that was not selected on test images. If the paper's score is inside the interval: reproduced. If the
interval is above the paper's score: above. If it is below: below."""

SELECTED = "; the epoch was selected on test images, as in the paper"
"""End of the reason for a verdict that uses the best epoch."""

Kind = Literal["reproduced", "above", "below", "not comparable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict, with the numbers or the reason in words."""

    kind: Kind
    reason: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


def judge(summary: Summary) -> Verdict | None:
    """Return the verdict on a run by RULE, or None if its recipe names no paper."""
    paper = summary.paper
    if not paper:
        return None
    if obstacle := _obstacle(summary, paper):
        return Verdict("not comparable", obstacle)
    selection = summary.scores[verdict_selection(summary)]
    kind, intervals = next(iter(selection["intervals"].items()))
    if (count := selection["clusters"][kind]) < FEWEST:
        return Verdict("not comparable", f"too few {kind}s for an interval: {count}")
    low, high = intervals[paper["metric"]]
    ours, number = selection[paper["metric"]], paper["number"] / 100
    numbers = (
        f"{100 * ours:.2f}, 95% interval {100 * low:.1f} to {100 * high:.1f} (by {kind}); "
        f"the paper has {paper['number']:.2f}"
    )
    if selection["selected_on_test"]:
        numbers += SELECTED
    if number < low:
        return Verdict("above", numbers)
    if number > high:
        return Verdict("below", numbers)
    return Verdict("reproduced", numbers)


def verdict_selection(summary: Summary) -> str:
    """Return the epoch selection for the verdict: the best epoch under the protocol "paper"."""
    if summary.protocol["name"] == "paper" and "best_epoch" in summary.scores:
        return "best_epoch"
    return next(key for key, one in summary.scores.items() if not one["selected_on_test"])


def _obstacle(summary: Summary, paper: Mapping[str, Any]) -> str | None:
    """Return the reason why the run is not comparable with the paper, or None."""
    if summary.demo:
        return "other data: generated faces"
    if paper["data"]:
        return f"other data: the paper's number is on {paper['data']}"
    if difference := summary.data.difference:
        return f"other data: {difference}"
    if (protocol := summary.protocol["name"]) != paper["protocol"]:
        return f"other protocol: {protocol}, but the paper has {paper['protocol']}"
    folds, expected = summary.protocol.get("folds"), paper.get("folds")
    if expected and folds != expected:
        return f"other protocol: {folds} folds, but the paper has {expected}"
    return None
