"""The printed table of a prediction: one line per face, with its two most probable labels."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import IO

from ferkit.messages import UNLIMITED, printable, shorten_middle
from ferkit.predict.row import Row

FILE, TIME, FACE, BOX = 32, 9, 4, 19
"""Widths of columns, in characters."""
LEAST = 16
"""Minimum width of a file name. A narrower table drops the box, then the second label."""
GAP = "  "


class ReadableTable:
    """A table that fits the terminal.

    Args:
        file: Where the lines go.
        labels: All labels of the model. The longest one sets the width of the columns.
    """

    def __init__(self, file: IO[str], labels: Sequence[str]) -> None:
        self.file = file
        percent = max((len(label) for label in labels), default=0) + len(" 100.0%")
        fixed = [TIME, FACE, percent + len("unsure ()")]
        rest = shutil.get_terminal_size((UNLIMITED, 24)).columns
        self.has_box = rest >= LEAST + _total([*fixed, percent, BOX])
        self.has_next = rest >= LEAST + _total([*fixed, percent])
        self.widths = [*fixed, *[percent] * self.has_next, *[BOX] * self.has_box]
        self.file_width = max(LEAST, min(FILE, rest - _total(self.widths)))
        self.longest = self.file_width if rest < UNLIMITED else UNLIMITED
        self._line("file", "time", "face", "expression", "next", "box")

    def row(self, row: Row) -> None:
        time = "" if row.time is None else f"{row.time:.2f} s"
        if row.face is None:
            self._line(printable(row.file), time, "-", "no face was found")
            return
        ranked = sorted(row.probabilities.items(), key=lambda one: -one[1])[:2]
        best = [f"{printable(label)} {100 * value:.1f}%" for label, value in ranked]
        first, second = best[0], "".join(best[1:])
        first = f"unsure ({first})" if row.abstained else first
        box = " ".join(f"{edge:.0f}" for edge in row.box or ())
        self._line(printable(row.file), time, str(row.track or row.face), first, second, box)

    def _line(self, file: str, time: str, face: str, first: str, second: str = "", box: str = "") -> None:
        cells = [time, face, first, *[second] * self.has_next, *[box] * self.has_box]
        padded = [cell.ljust(width) for cell, width in zip(cells, self.widths, strict=True)]
        name = shorten_middle(file, self.longest).ljust(self.file_width)
        self.file.write(GAP.join([name, *padded]).rstrip() + "\n")


def _total(widths: Sequence[int]) -> int:
    """Return the width of columns with a gap before each."""
    return sum(widths) + len(GAP) * len(widths)
