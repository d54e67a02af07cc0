"""Ten people's votes on a face -> one label (Barsoum et al. 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ferkit_datasets.labels import FERPLUS

Rule = Literal["majority", "plurality"]
CHOICES = (*FERPLUS, "unknown", "NF")
"""What could be voted for, as FER+'s columns; NF: there is no face."""
NO_EXPRESSION = {"unknown": "voted unknown", "NF": "voted no face"}


def elect(votes: Mapping[str, int], rule: Rule) -> tuple[str, str]:
    """(label, ""), or ("", why there is none). votes: by the names in CHOICES.

    "majority" as in FER+'s own code: single votes are dropped as outliers, and the winner needs more than
    half of what is left. "plurality": the most votes, whatever their share; a tie has no winner.
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
