"""Headings and cells of a table, the same in every format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ferkit.evaluation.run_files import read_metrics
from ferkit.evaluation.summary import Score
from ferkit.evaluation.verdict import verdict_selection
from ferkit.report.table.definition import Row
from ferkit.report.table.entries import Line, Table
from ferkit.report.table.leak import leak_cell, leak_value, leaks_of
from ferkit.report.table.runs import TableRun

MARK = "†"
MARK_NOTE = f"{MARK} Optimistic: the epoch was chosen on the images that the score is reported on."
SELECTIONS = {"chosen_epoch": "chosen epoch", "last_epoch": "last epoch", "best_epoch": "best epoch"}
"""Epoch selections, in the order of the columns: those without test images first."""
NOTHING = "–"
LEAK = "leak"
"""Heading of the column with the accuracy of random folds minus that of folds of the coarsest groups."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        heading: Its heading, without the mark.
        text: Function from a line to the cell, without the mark.
        is_marked: Function from a line: True if test images selected the cell's score, None without a score.
        value: Function from a line to the value to sort by; None without a value. Strings sort from A to Z.
        is_score: True for a score in percent. Higher is better.
    """

    heading: str
    text: Callable[[Line], str]
    value: Callable[[Line], str | float | None]
    is_marked: Callable[[Line], bool | None] = lambda line: None
    is_score: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """The text of a table.

    Attributes:
        headings: A heading per column.
        rows: The cells of each line.
        scores: Indices of the columns with scores.
        best: (row, column) of the highest score of each column with at least two scores.
        naming: Number of columns that name a row.
        has_marks: True if a heading or cell has the mark.
    """

    headings: list[str]
    rows: list[list[str]]
    scores: list[int]
    best: frozenset[tuple[int, int]]
    naming: int
    has_marks: bool


def columns(table: Table, has_cost: bool = True) -> list[Column]:
    """Return the columns: the names of the rows, scores, leak, verdict, and the cost: time and parameters."""
    found = [*(_paper_names() if table.definition else _run_names(table)), *_scores(table)]
    if any(map(leaks_of, table.lines)):
        found.append(Column(LEAK, lambda line: leak_cell(line) or NOTHING, leak_value))
    if table.definition or any(line.verdict for line in table.lines):
        found.append(Column("verdict", _verdict, _verdict, _is_verdict_marked))
    if not has_cost:
        return found
    return [
        *found,
        Column("time per repeat", _duration, _seconds),
        Column("parameters (trained)", _parameters, _parameter_count),
    ]


def make_grid(table: Table, has_cost: bool = True) -> Grid:
    """Return the text of the table. A mark of a whole column is in its heading."""
    found, headings, cells = columns(table, has_cost), [], []
    for column in found:
        flags = [column.is_marked(line) for line in table.lines]
        is_whole = any(flags) and all(flag is not False for flag in flags)
        headings.append(column.heading + (MARK if is_whole else ""))
        marks = [MARK if flag and not is_whole else "" for flag in flags]
        cells.append(
            [_marked(column.text(line), mark) for line, mark in zip(table.lines, marks, strict=True)]
        )
    return Grid(
        headings,
        [list(row) for row in zip(*cells, strict=True)],
        [index for index, column in enumerate(found) if column.is_score],
        frozenset((row, index) for index, column in enumerate(found) for row in _best(column, table.lines)),
        2 if table.definition else 1,
        any(MARK in text for text in (*headings, *(cell for column in cells for cell in column))),
    )


def _marked(text: str, mark: str) -> str:
    """Put the mark after the first word: 52.10† ± 0.45."""
    first, space, rest = text.partition(" ")
    return f"{first}{mark}{space}{rest}"


def _best(column: Column, lines: Sequence[Line]) -> list[int]:
    """Return the rows of the highest score, as shown. Several rows can have it."""
    if not column.is_score:
        return []
    found = [(row, column.value(line)) for row, line in enumerate(lines)]
    values = {row: round(float(one), 4) for row, one in found if one is not None}
    return [row for row, one in values.items() if len(values) > 1 and one == max(values.values())]


def _paper_names() -> list[Column]:
    return [
        Column("row", lambda line: str(_row(line).place), lambda line: _row(line).place),
        Column("system", lambda line: _row(line).row, lambda line: _row(line).row),
        Column("differences from the recipe", _differences, lambda line: line.label),
        Column("the paper", _paper_score, lambda line: _row(line).accuracy),
    ]


def _row(line: Line) -> Row:
    """Return the row of the paper. Each line of a table with a definition has one."""
    assert line.row is not None
    return line.row


def _run_names(table: Table) -> list[Column]:
    """Return the label, and the name of the recipe if there are several."""
    named = Column("run", lambda line: line.label or "", lambda line: line.label)
    recipe = Column("recipe", lambda line: line.recipes, lambda line: line.recipes)
    return [named, recipe] if len({line.recipes for line in table.lines}) > 1 else [named]


def _differences(line: Line) -> str:
    return "no run" if line.label is None else line.label or "none"


def _paper_score(line: Line) -> str:
    row = _row(line)
    return f"{row.accuracy:.2f}" + (f" ({row.data})" if row.data else "")


def _scores(table: Table) -> Iterator[Column]:
    """Yield the score columns. The best epoch appears only for the paper's protocol."""
    pairs = [(protocol, selection) for protocol in table.protocols for selection in SELECTIONS]
    for protocol, selection in sorted(pairs, key=lambda pair: pair[1] == "best_epoch"):
        if selection == "best_epoch" and protocol.split(" ")[0] != "paper":
            continue
        if any(score_of(line.runs.get(protocol), selection) for line in table.lines):
            yield _score_column(protocol, selection)


def _score_column(protocol: str, selection: str) -> Column:
    def score(line: Line) -> Score | None:
        return score_of(line.runs.get(protocol), selection)

    return Column(
        f"{protocol}: {SELECTIONS[selection]}",
        lambda line: score_words(score(line)),
        lambda line: one["accuracy"] if (one := score(line)) else None,
        lambda line: bool(one["selected_on_test"]) if (one := score(line)) else None,
        is_score=True,
    )


def score_of(run: TableRun | None, selection: str) -> Score | None:
    return run.summary.scores.get(selection) if run else None


def score_words(score: Score | None) -> str:
    """Format "52.10 ± 0.45 [46.0, 58.3]": percent, deviation over repeats, 95% interval."""
    if score is None:
        return NOTHING
    spread = f" ± {100 * score['deviation']:.2f}" if score["deviation"] is not None else ""
    low, high = interval(score)
    return f"{100 * score['accuracy']:.2f}{spread} [{100 * low:.1f}, {100 * high:.1f}]"


def interval(score: Score) -> tuple[float, float]:
    """Return the 95% interval of the accuracy, drawn by groups if there are any."""
    low, high = next(iter(score["intervals"].values()))["accuracy"]
    return low, high


def _verdict(line: Line) -> str:
    return line.verdict.kind if line.verdict else NOTHING


def _is_verdict_marked(line: Line) -> bool | None:
    """Return True if test images selected the score of the verdict."""
    if line.judged is None or line.verdict is None or line.verdict.kind == "not comparable":
        return None
    summary = line.judged.summary
    return bool(summary.scores[verdict_selection(summary)]["selected_on_test"])


def seconds_per_repeat(run: TableRun) -> float:
    """Return the median epoch time multiplied by the epochs. Interruptions by other processes are ignored."""
    rows = read_metrics(run.path)
    return float(median(row["seconds"] for row in rows)) * len(rows) / run.repeats


def _seconds(line: Line) -> float | None:
    return seconds_per_repeat(line.first) if line.runs else None


def _duration(line: Line) -> str:
    if not line.runs:
        return NOTHING
    return f"{seconds_per_repeat(line.first) / 60:.1f} min ({line.first.protocol.split(' ')[0]})"


def _parameter_count(line: Line) -> int | None:
    found = line.first.summary.parameters if line.runs else None
    return found.total if found else None


def _parameters(line: Line) -> str:
    found = line.first.summary.parameters if line.runs else None
    return f"{found.total / 1e6:.1f} M ({found.trained / 1e6:.1f} M)" if found else NOTHING
