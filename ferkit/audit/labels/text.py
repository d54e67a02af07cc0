"""Describe the doubtful labels of a run in plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferkit.audit.labels.of_run import LabelAudit
from ferkit.messages import UNLIMITED, count_of, number, percent, printable, shorten_middle, wrap

NARROWEST = 20
"""Minimum width of the column of image names, in characters."""


def describe_labels(found: LabelAudit, limit: int, width: int = UNLIMITED) -> Iterator[str]:
    """Yield the lines of a description.

    Args:
        found: The doubtful labels.
        limit: Maximum number of listed images.
        width: Length at which lines are wrapped and image names are shortened.
    """
    doubtful, images = number(len(found.doubtful)), count_of(found.images, "test image")
    yield from wrap(f"{printable(found.run)}: {doubtful} of {images} have a doubtful label", width, 2).split(
        "\n"
    )
    repeats = count_of(found.repeats, "repeat")
    how = f"{found.selection}. Mean of {repeats}. Accuracy: {percent(found.accuracy)}."
    yield from wrap(f"  {how}", width, 2).split("\n")
    if found.warning:
        yield from wrap(f"  warning: {found.warning}", width, 4).split("\n")
    yield ""
    classes = [
        (
            printable(one.label),
            number(one.images),
            "-" if one.threshold is None else percent(one.threshold),
            number(one.doubtful),
            number(one.suggested),
        )
        for one in found.classes
    ]
    yield from _align(("class", "images", "threshold", "doubtful", "suggested"), classes, 1, width)
    if not found.doubtful:
        return
    yield ""
    rows = [
        (printable(one.name), printable(one.label), printable(one.suggested), percent(one.self_confidence))
        for one in found.doubtful[:limit]
    ]
    yield from _align(("image", "label", "suggested", "self-confidence"), rows, 3, width)
    if (more := len(found.doubtful) - limit) > 0:
        yield f"and {number(more)} more (list all: --out FILE.csv)"


def _align(headings: Sequence[str], rows: Sequence[Sequence[str]], texts: int, width: int) -> Iterator[str]:
    """Align columns: the first `texts` to the left, the others to the right. The first is shortened."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    others = sum(widths[1:]) + 2 * (len(widths) - 1)
    widths[0] = min(widths[0], max(NARROWEST, width - others))
    for first, *rest in lines:
        cells = [shorten_middle(first, widths[0]), *rest]
        aligned = (
            f"{cell:<{size}}" if column < texts else f"{cell:>{size}}"
            for column, (cell, size) in enumerate(zip(cells, widths, strict=True))
        )
        yield "  ".join(aligned).rstrip()
