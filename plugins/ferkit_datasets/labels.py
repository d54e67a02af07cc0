"""What each data set calls its classes -> ferkit's labels. No class order is written anywhere else."""

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
"""FER+ has these names as the columns of its votes."""
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
"""ExpW took over FER2013's order."""


def find_label(code: str, labels: Mapping[str, str]) -> str:
    """Raises ValueError where the data set has no such code."""
    if code not in labels:
        known = ", ".join(f"{one} ({label})" for one, label in labels.items())
        raise ValueError(f"the label is {code!r}; expected one of {known}")
    return labels[code]


def check_left_out(leave_out: Collection[str], labels: Collection[str]) -> None:
    """The option `leave_out` that several data sets have: labels to do without, usually contempt."""
    for label in leave_out:
        if label not in labels:
            raise ValueError(f"leave_out: there is no label {label!r}. {suggest(label, labels)}")
