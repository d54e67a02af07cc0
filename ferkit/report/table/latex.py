"""Write a table as LaTeX, with rules of the package booktabs."""

from __future__ import annotations

import re

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
WIDE = 40
"""Longest text of a column that is not wrapped, in characters."""


def to_latex(table: Table, has_bold: bool = False) -> str:
    """Return a table environment for a paper. It needs the packages array and booktabs.

    Args:
        table: The table.
        has_bold: True prints the highest score of each column in bold.
    """
    grid = make_grid(table)
    best = grid.best if has_bold else frozenset()
    rows = [
        [_cell(one, (number, at) in best) for at, one in enumerate(row)]
        for number, row in enumerate(grid.rows)
    ]
    lines = [
        r"% Requires \usepackage{array,booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(table.title)}}}",
        r"\label{tab:ferkit}",
        r"\small",
        rf"\begin{{tabular}}{{{''.join(_alignment(grid, at) for at in range(len(grid.headings)))}}}",
        r"\toprule",
        _row([escape(one) for one in grid.headings]),
        r"\midrule",
        *map(_row, rows),
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
    """Format a cell: a score in bold if it is the best, its interval in small print."""
    score, bracket, edges = text.partition(" [")
    is_score = bool(bracket) and re.fullmatch(r"[\d., -]+\]", edges)
    if not is_score:
        return escape(text)
    shown = rf"\textbf{{{escape(score)}}}" if is_bold else escape(score)
    return rf"{shown} {{\footnotesize {escape('[' + edges)}}}"


def _alignment(grid: Grid, column: int) -> str:
    """Align scores to the right, and wrap a column of long texts."""
    longest = max((len(row[column]) for row in grid.rows), default=0)
    if longest > WIDE:
        return r">{\raggedright\arraybackslash}p{0.3\linewidth}"
    return "r" if column in grid.scores else "l"
