"""Headings and cells of a table, the same in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ferkit.evaluation.run_files import read_metrics
from ferkit.evaluation.summary import Score
from ferkit.evaluation.verdict import verdict_selection
from ferkit.report.table.entries import Line, Table, TableRun

MARK = "†"
MARK_NOTE = f"{MARK} Optimistic: the epoch was chosen on the images that the score is reported on."
EPOCH_SELECTIONS = ("best_epoch", "last_epoch", "chosen_epoch")
WORDS = {"best_epoch": f"best epoch{MARK}", "last_epoch": "last epoch", "chosen_epoch": "chosen epoch"}


@dataclass(frozen=True, slots=True)
class Column:
    """A protocol and an epoch selection."""

    protocol: str
    selection: str

    @property
    def heading(self) -> str:
        return f"{self.protocol}: {WORDS[self.selection]}"


def score_columns(table: Table) -> list[Column]:
    """Return the score columns. The best epoch appears only for the paper's protocol."""
    return [
        Column(protocol, selection)
        for protocol in table.protocols
        for selection in EPOCH_SELECTIONS
        if (selection != "best_epoch" or protocol == "paper") and _is_read(table, protocol, selection)
    ]


def _is_read(table: Table, protocol: str, selection: str) -> bool:
    runs = (line.runs.get(protocol) for line in table.lines)
    return any(selection in run.summary.scores for run in runs if run)


FIRST_SCORE = 4
"""Number of columns before the scores."""


def headings(columns: Sequence[Column]) -> list[str]:
    return [
        "row",
        "system",
        "differences from the recipe",
        "the paper",
        *(one.heading for one in columns),
        "verdict",
        "time per repeat",
        "parameters (trained)",
    ]


def cells(line: Line, columns: Sequence[Column]) -> list[str]:
    """Return the cells of a line."""
    row = line.row
    paper = f"{row.accuracy:.2f}" + (f" ({row.data})" if row.data else "")
    first = next(iter(line.runs.values()), None)
    return [
        str(row.place),
        row.row,
        "no run" if line.variant is None else line.variant or "none",
        paper,
        *(score_words(line.runs.get(one.protocol), one.selection) for one in columns),
        verdict_words(line),
        duration_words(first) if first else "–",
        parameter_words(first) if first else "–",
    ]


def verdict_words(line: Line) -> str:
    """Return the verdict, marked if test images selected its score."""
    if line.judged is None or (verdict := line.verdict) is None:
        return "–"
    summary = line.judged.summary
    is_marked = verdict.kind != "not comparable"
    is_marked &= summary.scores[verdict_selection(summary)]["selected_on_test"]
    return verdict.kind + (MARK if is_marked else "")


def score_words(run: TableRun | None, selection: str) -> str:
    """Format "52.10† ± 0.45 [46.0, 58.3]": percent, deviation over repeats, 95% interval."""
    if run is None or (scores := run.summary.scores.get(selection)) is None:
        return "–"
    mark = MARK if scores["selected_on_test"] else ""
    spread = f" ± {100 * scores['deviation']:.2f}" if scores["deviation"] is not None else ""
    low, high = interval(scores)
    return f"{100 * scores['accuracy']:.2f}{mark}{spread} [{100 * low:.1f}, {100 * high:.1f}]"


def interval(scores: Score) -> tuple[float, float]:
    """Return the 95% interval of the accuracy, drawn by groups if there are any."""
    low, high = next(iter(scores["intervals"].values()))["accuracy"]
    return low, high


def seconds_per_repeat(run: TableRun) -> float:
    """Return the median epoch time multiplied by the epochs. Interruptions by other processes are ignored."""
    rows = read_metrics(run.path)
    return float(median(row["seconds"] for row in rows)) * len(rows) / run.repeats


def duration_words(run: TableRun) -> str:
    return f"{seconds_per_repeat(run) / 60:.1f} min ({run.protocol.split(' ')[0]})"


def parameter_words(run: TableRun) -> str:
    found = run.summary.parameters
    return f"{found.total / 1e6:.1f} M ({found.trained / 1e6:.1f} M)" if found else "–"


def notes(table: Table) -> Iterator[str]:
    """Yield the notes for the reader."""
    yield MARK_NOTE
    yield "Accuracy in percent, ± standard deviation over repeats. In brackets: its 95% bootstrap interval."
    kinds = {next(iter(one["clusters"])) for line in table.lines for one in _detailed(line)} - {"image"}
    if kinds:
        yield f"Intervals are drawn by {', '.join(sorted(kinds))}, since images of a group are dependent."
    warnings = {
        warning for line in table.lines for run in line.runs.values() for warning in run.summary.warnings
    }
    yield from sorted(one for one in warnings if one.startswith("Other data") or " under another " in one)


def _detailed(line: Line) -> Iterator[Score]:
    for run in line.runs.values():
        yield from (one for one in run.summary.scores.values() if "clusters" in one)
