"""Match the labels of data to those of a model, by name only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ferkit.errors import DataError
from ferkit.interfaces import Sample
from ferkit.messages import list_some, printable, quote, suggest


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sample, and its label in the names of the model."""

    sample: Sample
    label: str


def read_renames(texts: Iterable[str]) -> dict[str, str]:
    """Parse texts such as "happy=happiness". An empty name after the sign drops the label."""
    renames: dict[str, str] = {}
    for text in texts:
        theirs, sign, ours = (part.strip() for part in text.partition("="))
        if not sign or not theirs:
            raise DataError(
                f"Cannot read --rename {printable(text)}: expected DATA_LABEL=MODEL_LABEL, such as "
                "happy=happiness, or DATA_LABEL= to drop its images."
            )
        if renames.get(theirs, ours) != ours:
            raise DataError(
                f"Cannot rename {printable(theirs)} to {printable(renames[theirs]) or 'nothing'} and to "
                f"{printable(ours) or 'nothing'}. Give one --rename for each label."
            )
        renames[theirs] = ours
    return renames


def match_labels(
    samples: Sequence[Sample], labels: Sequence[str], renames: Mapping[str, str]
) -> tuple[list[Labelled], dict[str, int]]:
    """Rename the labels of samples to those of a model.

    Args:
        samples: The images.
        labels: Labels that the model may answer.
        renames: Label of the data to label of the model, or to "" for images to drop.

    Returns:
        The kept samples, and dropped label to number of images.

    Raises:
        DataError: The model lacks a label, a rename has an unknown label, or no image is left.
    """
    counts = Counter(sample.label for sample in samples)
    for theirs, ours in renames.items():
        if theirs not in counts:
            raise DataError(
                f"Cannot rename {printable(theirs)}: no image has this label. "
                f"{_suggest_swapped(theirs, ours, counts, labels) or suggest(theirs, counts)}"
            )
        if ours and ours not in labels:
            raise DataError(
                f"Cannot rename {printable(theirs)} to {printable(ours)}: the model has no such label. "
                f"{_suggest_swapped(theirs, ours, counts, labels) or suggest(ours, labels)}"
            )
    names = {label: renames.get(label, label) for label in counts}
    if unknown := sorted(label for label, ours in names.items() if ours and ours not in labels):
        raise DataError(_describe_unknown(unknown, counts, labels))
    kept = [Labelled(sample, names[sample.label]) for sample in samples if names[sample.label]]
    if not kept:
        raise DataError("Cannot evaluate: --rename drops every image. Keep at least one label.")
    return kept, {label: counts[label] for label, ours in names.items() if not ours}


def _suggest_swapped(theirs: str, ours: str, counts: Mapping[str, int], labels: Sequence[str]) -> str:
    """Return a hint if the model's label comes first; "" if the swapped pair does not fit."""
    if ours not in counts or theirs not in labels:
        return ""
    return f"--rename is DATA=MODEL: did you mean {quote(printable(ours))}={quote(printable(theirs))}?"


def _describe_unknown(unknown: Sequence[str], counts: Mapping[str, int], labels: Sequence[str]) -> str:
    first = printable(unknown[0])
    found = list_some([f"{label} ({counts[label]})" for label in unknown])
    return (
        f"Cannot match the labels of the data: the model lacks {found}. "
        f"The model has {list_some(labels)}. Name the model's label: --rename {quote(first)}=LABEL. "
        f"Or drop its images: --rename {quote(first)}="
    )
