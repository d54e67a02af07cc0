"""Write a table as LaTeX, with rules of the package booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ferkit.messages import printable
from ferkit.report.table.columns import Grid, make_grid
from ferkit.report.table.entries import Table
from ferkit.report.table.notes import notes

ESCAPED = {
    "\0": "{}",
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    "†": r"\textdagger{}",
    "±": r"$\pm$",
    "–": "--",
    "×": r"$\times$",
    "λ": r"$\lambda$",
}
"""Character -> LaTeX."""
SIZES = ((r"\small", 70), (r"\footnotesize", 78), (r"\scriptsize", 90))
"""Font size, and its characters on a line of a page."""
GAP = 3
"""Space between two columns, in characters."""
NARROW = 14
"""Longest text of a column that is not wrapped, in characters."""
SHORTEST = 16
"""Minimum width of a column that is wrapped, in characters."""


BREAK = re.compile(r"(?<=:) | (?=\[)")
"""Place where a cell continues on a second line."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The font size, and the kind of each column for LaTeX: l, r or p{width}."""

    size: str
    kinds: Sequence[str]


def to_latex(table: Table, has_bold: bool = False) -> str:
    """Return a table environment for a paper: names, scores and verdict. It needs array and booktabs.

    Args:
        table: The table.
        has_bold: True prints the highest score of each column in bold.
    """
    grid = make_grid(table, has_cost=False)
    best = grid.best if has_bold else frozenset()
    layout = _layout(grid)
    name = table.definition.name if table.definition else "runs"
    lines = [
        r"% Requires \usepackage{array,booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(table.title)}}}",
        rf"\label{{tab:{re.sub('[^A-Za-z0-9]+', '-', name)}}}",
        layout.size,
        rf"\begin{{tabular}}{{{''.join(layout.kinds)}}}",
        r"\toprule",
        _row([_heading(one, kind) for one, kind in zip(grid.headings, layout.kinds, strict=True)]),
        r"\midrule",
    ]
    for number, row in enumerate(grid.rows):
        lines.append(_row([_cell(one, (number, at) in best) for at, one in enumerate(row)]))
    lines += [
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\medskip\raggedright\footnotesize",
        *(escape(note) + r"\par" for note in notes(table, grid)),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Escape the characters that LaTeX reads as commands, ligatures or quotes."""
    plain = re.sub(r"-(?=-)", "-\0", printable(" ".join(text.split())))
    shown = "".join(ESCAPED.get(one, one) for one in plain)
    return re.sub(r'(^|[\s(])"', r"\1``", shown).replace('"', "''")


def _row(cells: list[str]) -> str:
    """Join cells. An empty group separates a bracket or star from the end of the line before."""
    guard = "{}" if cells[0][:1] in ("[", "*") else ""
    return guard + " & ".join(cells) + r" \\"


def _cell(text: str, is_bold: bool) -> str:
    """Format a cell: a score in bold if it is the best, its interval below."""
    score, bracket, edges = text.partition(" [")
    if not (bracket and re.fullmatch(r"-?[\d.]+, -?[\d.]+\]", edges)):
        return escape(text)
    shown = rf"\textbf{{{escape(score)}}}" if is_bold else escape(score)
    return _stack(shown, f"[{edges}", "r")


def _heading(text: str, kind: str) -> str:
    protocol, colon, selection = text.partition(": ")
    if not colon or len(kind) > 1:
        return escape(text)
    return _stack(escape(protocol + ":"), escape(selection), kind)


def _stack(upper: str, lower: str, kind: str) -> str:
    """Put two texts on two lines of a cell."""
    return rf"\begin{{tabular}}[t]{{@{{}}{kind}@{{}}}}{upper} \\ {{{lower}}}\end{{tabular}}"


def _layout(grid: Grid) -> Layout:
    """Wrap the columns of long texts, in the largest size that leaves them room."""
    texts = [[heading, *cells] for heading, *cells in zip(grid.headings, *grid.rows, strict=True)]
    lengths = [max(len(part) for cell in column for part in BREAK.split(cell)) for column in texts]
    wide = [at for at, length in enumerate(lengths) if length > NARROW and at not in grid.scores]
    if sum(lengths) + GAP * len(lengths) <= SIZES[0][1]:
        wide = []
    used = sum(length + GAP for at, length in enumerate(lengths) if at not in wide)
    needed = SHORTEST if wide else -GAP
    rooms = [(line - used) / max(len(wide), 1) - GAP for _, line in SIZES]
    fitting = next((at for at, room in enumerate(rooms) if room >= needed), len(SIZES) - 1)
    size, line = SIZES[fitting]
    width = max(rooms[fitting], SHORTEST) / line
    wrapped = rf">{{\raggedright\arraybackslash}}p{{{width:.2f}\linewidth}}"
    return Layout(size, [_kind(at in wide, at in grid.scores, wrapped) for at in range(len(texts))])


def _kind(is_wide: bool, is_score: bool, wrapped: str) -> str:
    if is_wide:
        return wrapped
    return "r" if is_score else "l"
