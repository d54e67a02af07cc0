"""A protocol told in words, from what summary.json holds of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEASURES = {"accuracy": "accuracy", "mean_recall": "mean class recall", "nll": "negative log-likelihood"}


def describe_protocol(protocol: Mapping[str, Any]) -> str:
    """One sentence without its full stop."""
    repeats = protocol["repeats"]
    end = f"{repeats} repeat{'s' if repeats != 1 else ''}, seed {protocol['seed']}"
    if protocol["name"] == "holdout":
        return f"Holdout: the data set's own training and test images, {end}"
    folds = f"{protocol['folds']}-fold"
    if protocol["name"] == "paper":
        return f"Stratified {folds}, {end}"
    how = f"{folds}, {_grouping(protocol)}, {end}"
    if protocol["name"] == "grouped":
        return f"Grouped {how}"
    measure = MEASURES[protocol["choose_by"]]
    return (
        f"Nested {how}; the epoch, and the settings if there is a grid, chosen by {measure} on one in "
        f"{protocol['inner_folds']} parts of the training fold"
    )


def _grouping(protocol: Mapping[str, Any]) -> str:
    if protocol.get("split"):
        return f"the folds listed in {protocol['split']}"
    by = protocol.get("by")
    if by == "none":
        return "ungrouped"
    return f"no {by} on two sides" if by else "no group on two sides, of the coarsest kind there is"


def protocol_key(protocol: Mapping[str, Any]) -> str:
    """A short name that tells protocols apart: "paper", "grouped (sfew675_movie2)", "nested (clip)"."""
    which = protocol.get("split") or protocol.get("by")
    return f"{protocol['name']} ({which})" if which else str(protocol["name"])
