"""Confusion matrices, as in Figure 3 of the paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferkit.report.figures.figure import WIDTH, blank_figure, put_title

Counts = NDArray[np.int64]
"""(labels, labels) counts. Rows are true classes."""
SMALLEST = 3.6
"""Minimum side of the figure, in inches."""
DARK = 0.65
"""Fraction above which the text is white, for contrast with the blue background."""


def draw_confusion(counts: Counts, labels: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix. Rows are true classes and add up to 100%. Fields show percent and count."""
    side = max(1.2 + 0.58 * len(labels), SMALLEST)
    figure = blank_figure(side + 0.4, side)
    axes = figure.add_subplot()
    _fill(axes, counts, [f"{share:.0f}%\n{count}" for share, count in _fields(counts)], 10)
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel="predicted", ylabel="true")
    put_title(figure, title)
    return figure


def draw_repeats(repeats: Sequence[Counts], labels: Sequence[str], title: str) -> Figure:
    """Draw one small matrix per repeat, in percent."""
    columns = 2
    rows = -(-len(repeats) // columns)
    width = max(0.8 + columns * 0.31 * len(labels), WIDTH)
    figure = blank_figure(1.7 + rows * (width - 0.8) / columns, width)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flatten()
    for number, axes in enumerate(panels, start=1):
        if number > len(repeats):
            axes.set_axis_off()
            continue
        _fill(axes, repeats[number - 1], [f"{share:.0f}" for share, _ in _fields(repeats[number - 1])], 8)
        axes.set_title(f"repeat {number}", fontsize=10)
        axes.set_yticks(range(len(labels)), labels, fontsize=9)
        axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=9)
        # A panel above an empty place is the last one in its column.
        axes.tick_params(labelbottom=number + columns > len(repeats))
    put_title(figure, title)
    return figure


def count_confusion(truth: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> Counts:
    """Count how often each true class was predicted as each class."""
    place = {label: index for index, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for true, guess in zip(truth, predicted, strict=True):
        counts[place[true], place[guess]] += 1
    return counts


def tell_confusion(counts: Counts, labels: Sequence[str]) -> str:
    """Describe every non-zero field, with one sentence per true class."""
    sentences = []
    for label, row in zip(labels, counts, strict=True):
        taken = ", ".join(f"{count} as {name}" for name, count in zip(labels, row, strict=True) if count)
        sentences.append(f"Of {row.sum()} {label}: {taken or 'none'}.")
    return " ".join(sentences)


def _fill(axes: Axes, counts: Counts, texts: Sequence[str], size: int) -> None:
    shares = _shares(counts)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), text in zip(np.ndindex(*counts.shape), texts, strict=True):
        colour = "white" if shares[row, column] > DARK else "black"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)


def _fields(counts: Counts) -> list[tuple[float, int]]:
    """Return (percent of the row, count) for each field."""
    return list(zip((100 * _shares(counts)).flatten().tolist(), counts.flatten().tolist(), strict=True))


def _shares(counts: Counts) -> NDArray[np.float64]:
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
