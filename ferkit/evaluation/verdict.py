"""Whether a run reproduces what a paper reports, by a rule that is the same for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ferkit.evaluation.metrics.intervals import FEWEST
from ferkit.evaluation.summary import Summary

RULE = """\
A run and a paper's number are comparable if they were measured on the same data (the recipe's [paper] names
no other, the images are those of the recipe's manifest, if it has one, and none are drawn) and under the
same protocol, with as many folds. Then the paper's number is looked for in the run's 95% bootstrap interval
of the same metric, drawing whole groups where the data has groups: under the paper's protocol that of the
best epoch, which the paper reports; under others that which was not chosen on test images. Inside:
reproduced. Below the interval: the run is above the paper. Above it: below."""

Kind = Literal["reproduced", "above", "below", "not comparable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """kind: one of the four; reason: what it rests on, in words."""

    kind: Kind
    reason: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


def judge(summary: Summary) -> Verdict | None:
    """The verdict on a run, by RULE; None where its recipe names no paper."""
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
        numbers += "; the epoch was chosen on the test images, as the paper's was"
    if number < low:
        return Verdict("above", numbers)
    if number > high:
        return Verdict("below", numbers)
    return Verdict("reproduced", numbers)


def verdict_selection(summary: Summary) -> str:
    """The one that a verdict is about: under the paper's own protocol the best epoch, as in the paper."""
    if summary.protocol["name"] == "paper":
        return next(iter(summary.scores))
    return next(key for key, one in summary.scores.items() if not one["selected_on_test"])


def _obstacle(summary: Summary, paper: Mapping[str, Any]) -> str | None:
    """What keeps a run from being compared with the paper."""
    if summary.demo:
        return "other data: drawn faces"
    if paper["data"]:
        return f"other data: the paper's number is on {paper['data']}"
    if difference := summary.data.difference:
        return f"other data: {difference}"
    if (protocol := summary.protocol["name"]) != paper["protocol"]:
        return f"other protocol: {protocol}, where the paper's is {paper['protocol']}"
    folds, expected = summary.protocol.get("folds"), paper.get("folds")
    if expected and folds != expected:
        return f"other protocol: {folds} folds, where the paper's has {expected}"
    return None
