"""FER+'s ten votes on a face, converted to a label or a distribution (Barsoum et al. 2016)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from ferkit_datasets.labels import FERPLUS

Rule = Literal["majority", "plurality"]
CHOICES = (*FERPLUS, "unknown", "NF")
"""Columns of FER+'s votes. NF means that there is no face."""
NO_EXPRESSION = {"unknown": "voted unknown", "NF": "voted no face"}


def elect(votes: Mapping[str, int], rule: Rule) -> tuple[str, str]:
    """Return (label, "") or ("", reason) for votes by the names in CHOICES.

    "majority" is the rule of FER+'s code: single votes are dropped as outliers, and the winner needs more
    than half of the rest. "plurality": the most votes win, and a tie has no winner.
    """
    if rule == "majority":
        votes = {choice: count for choice, count in votes.items() if count > 1}
        winners = [choice for choice, count in votes.items() if 2 * count > sum(votes.values())]
        reason = "without a majority"
    else:
        most = max(votes.values())
        winners = [choice for choice, count in votes.items() if count == most]
        reason = "tied"
    if len(winners) != 1:
        return "", reason
    if winners[0] in NO_EXPRESSION:
        return "", NO_EXPRESSION[winners[0]]
    return winners[0], ""


def share_out(votes: Mapping[str, int], labels: Collection[str]) -> dict[str, float]:
    """Return the distribution of the votes over the labels, the target of the paper's "cross-entropy loss".

    Single votes are dropped as outliers unless there are no others. "unknown", "NF" and names that are not
    labels are dropped. The rest is divided by its sum. Names with probability 0 are omitted. The paper's
    "probabilistic label drawing" has the same expectation.
    """
    counts = {label: votes[label] for label in votes if label in labels and votes[label] > 0}
    kept = {label: count for label, count in counts.items() if count > 1} or counts
    total = sum(kept.values())
    return {label: count / total for label, count in kept.items()}
