"""A protocol told in words, from what summary.json holds of it."""

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
"""Keys whose value makes a protocol another one, and the value that goes without saying."""


def describe_protocol(protocol: Mapping[str, Any]) -> str:
    """One sentence without its full stop."""
    repeats = protocol["repeats"]
    end = f"{count_of(repeats, 'repeat')}, seed {protocol['seed']}"
    if protocol["name"] == "holdout":
        return f"Holdout: the data set's own training and test images, {end}"
    kind = "Stratified" if protocol["name"] == "paper" else protocol["name"].capitalize()
    how = [f"{kind} {protocol['folds']}-fold", *([_grouping(protocol)] if "by" in protocol else []), end]
    if "choose_by" not in protocol:
        return ", ".join(how)
    measure = MEASURES[protocol["choose_by"]]
    return (
        f"{', '.join(how)}; the epoch, and the settings if there is a grid, chosen by {measure} on one in "
        f"{protocol['inner_folds']} parts of the training fold"
    )


def _grouping(protocol: Mapping[str, Any]) -> str:
    if protocol.get("split"):
        return f"the folds listed in {protocol['split']}"
    by = protocol.get("by")
    if by == "none":
        return "ungrouped"
    if by:
        return f"no {by} on two sides"
    where = " where the data has groups" if protocol["name"] == "nested" else ""
    return f"no group of the coarsest kind on two sides{where}"


def protocol_key(protocol: Mapping[str, Any]) -> str:
    """A short name that tells protocols apart: "paper", "grouped (sfew675_movie2)", "nested (10 folds)"."""
    which = [protocol.get("split") or protocol.get("by")]
    which += [
        words.format(protocol[key]) for key, usual, words in UNUSUAL if protocol.get(key, usual) != usual
    ]
    told = ", ".join(one for one in which if one)
    return f"{protocol['name']} ({told})" if told else str(protocol["name"])
