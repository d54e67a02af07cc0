"""Whether a run reproduces what a paper reports, by a rule that is the same for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

RULE = """\
A run and a paper's number are comparable if they were measured on the same data (the recipe's [paper] names
no other, the photographs are those of the recipe's manifest, if it has one, and none are drawn) and under the
same protocol. Then the paper's number is looked for in the run's 95% bootstrap interval of the same metric,
under the reading that the paper itself used (the first that the protocol has), drawing whole groups where the
data has groups. Inside: reproduced. Below the interval: the run is above the paper. Above it: below."""

Kind = Literal["reproduced", "above", "below", "not comparable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """kind: one of the four; reason: what it rests on, in words."""

    kind: Kind
    reason: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


def judge(summary: Mapping[str, Any]) -> Verdict | None:
    """The verdict on a run, from its summary.json, by RULE; None where its recipe names no paper."""
    paper = summary["paper"]
    if not paper:
        return None
    if obstacle := _obstacle(summary, paper):
        return Verdict("not comparable", obstacle)
    reading = next(iter(summary["scores"].values()))
    kind, intervals = next(iter(reading["intervals"].items()))
    low, high = intervals[paper["metric"]]
    ours, number = reading[paper["metric"]], paper["number"] / 100
    numbers = (
        f"{100 * ours:.2f}, 95% interval {100 * low:.1f} to {100 * high:.1f} (by {kind}); "
        f"the paper has {paper['number']:.2f}"
    )
    if number < low:
        return Verdict("above", numbers)
    if number > high:
        return Verdict("below", numbers)
    return Verdict("reproduced", numbers)


def _obstacle(summary: Mapping[str, Any], paper: Mapping[str, Any]) -> str | None:
    """What keeps a run from being compared with the paper."""
    if summary["demo"]:
        return "other data: drawn faces"
    if paper["data"]:
        return f"other data: the paper's number is on {paper['data']}"
    if difference := (summary["data"].get("manifest") or {}).get("difference"):
        return f"other data: {difference}"
    if (protocol := summary["protocol"]["name"]) != paper["protocol"]:
        return f"other protocol: {protocol}, where the paper's is {paper['protocol']}"
    return None
