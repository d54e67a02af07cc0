"""Describe a protocol in words, from its table in summary.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferkit.messages import count_of

MEASURES = {"accuracy": "accuracy", "mean_recall": "UAR", "nll": "negative log-likelihood"}


UNUSUAL = (
    ("folds", 2, "{} folds"),
    ("inner_folds", 4, "{} inner folds"),
    ("choose_by", "accuracy", "by {}"),
    ("validation", "inner", "validation {}"),
)
"""(key, usual value, words): unusual values are part of the short name of a protocol."""


def describe_protocol(protocol: Mapping[str, Any]) -> str:
    """Return a sentence without a full stop."""
    repeats = protocol["repeats"]
    end = f"{count_of(repeats, 'repeat')}, seed {protocol['seed']}"
    if protocol["name"] == "holdout":
        return f"Holdout: the dataset's training and test images, {end}"
    kind = "Stratified" if protocol["name"] == "paper" else protocol["name"].capitalize()
    how = [f"{kind} {protocol['folds']}-fold", *([_grouping(protocol)] if "by" in protocol else []), end]
    if "choose_by" not in protocol:
        return ", ".join(how)
    measure = MEASURES[protocol["choose_by"]]
    return (
        f"{', '.join(how)}; the epoch, and the settings of a grid, chosen by {measure} on 1 of "
        f"{protocol['inner_folds']} parts of the training fold"
    )


def _grouping(protocol: Mapping[str, Any]) -> str:
    if protocol.get("split"):
        return f"folds of {protocol['split']}"
    by = protocol.get("by")
    if by == "none":
        return "ungrouped"
    if by:
        return f"by {by}"
    return "by the coarsest group" + (" if there is one" if protocol["name"] == "nested" else "")


def protocol_key(protocol: Mapping[str, Any]) -> str:
    """Return a short, unique name: "paper", "grouped (sfew675_movie2)", "nested (10 folds)"."""
    which = [protocol.get("split") or protocol.get("by")]
    which += [
        words.format(protocol[key]) for key, usual, words in UNUSUAL if protocol.get(key, usual) != usual
    ]
    details = ", ".join(one for one in which if one)
    return f"{protocol['name']} ({details})" if details else str(protocol["name"])
