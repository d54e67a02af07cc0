"""Class names and codes of each data set, mapped to ferkit's labels. No other module has a class order."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ferkit.plugin import suggest

FER2013 = {
    "0": "anger",
    "1": "disgust",
    "2": "fear",
    "3": "happiness",
    "4": "sadness",
    "5": "surprise",
    "6": "neutral",
}
FER2013_FOLDERS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "surprise": "surprise",
}
FERPLUS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""Columns of FER+'s votes."""
RAFDB = {
    "1": "surprise",
    "2": "fear",
    "3": "disgust",
    "4": "happiness",
    "5": "sadness",
    "6": "anger",
    "7": "neutral",
}
AFFECTNET = {
    "0": "neutral",
    "1": "happiness",
    "2": "sadness",
    "3": "surprise",
    "4": "fear",
    "5": "disgust",
    "6": "anger",
    "7": "contempt",
}
AFFECTNET_NO_EXPRESSION = {"8": "none", "9": "uncertain", "10": "no face"}
CKPLUS = {
    "0": "neutral",
    "1": "anger",
    "2": "contempt",
    "3": "disgust",
    "4": "fear",
    "5": "happiness",
    "6": "sadness",
    "7": "surprise",
}
EXPW = FER2013
"""ExpW uses FER2013's codes."""


def find_label(code: str, labels: Mapping[str, str]) -> str:
    """Return the label of a code. Raises ValueError for an unknown code."""
    if code not in labels:
        known = ", ".join(f"{one} ({label})" for one, label in labels.items())
        raise ValueError(f"the label is {code!r}; expected one of {known}")
    return labels[code]


def check_left_out(leave_out: Collection[str], labels: Collection[str]) -> None:
    """Check the option `leave_out`. Raises ValueError for an unknown label."""
    for label in leave_out:
        if label not in labels:
            raise ValueError(f"leave_out: there is no label {label!r}. {suggest(label, labels)}")
