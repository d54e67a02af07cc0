"""A table as headings and words, the same for every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ferkit.evaluation.run_files import read_metrics
from ferkit.evaluation.summary import Score
from ferkit.evaluation.verdict import verdict_selection
from ferkit.report.table.entries import Line, Table, TableRun

MARK = "†"
MARK_NOTE = f"{MARK} The epoch was chosen on the images that the score is reported on: it is optimistic."
EPOCH_SELECTIONS = ("best_epoch", "last_epoch", "chosen_epoch")
WORDS = {"best_epoch": f"best epoch{MARK}", "last_epoch": "last epoch", "chosen_epoch": "chosen epoch"}


@dataclass(frozen=True, slots=True)
class Column:
    """A protocol, and which of its epochs is meant."""

    protocol: str
    selection: str

    @property
    def heading(self) -> str:
        return f"{self.protocol}: {WORDS[self.selection]}"


def score_columns(table: Table) -> list[Column]:
    """The best epoch, which the paper reports, stands only under the paper's own protocol."""
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
"""How many columns stand before the scores."""


def headings(columns: Sequence[Column]) -> list[str]:
    return [
        "row",
        "system",
        "differs from the recipe in",
        "the paper",
        *(one.heading for one in columns),
        "verdict",
        "time of a repeat",
        "parameters (trained)",
    ]


def cells(line: Line, columns: Sequence[Column]) -> list[str]:
    """A line in words."""
    row = line.row
    paper = f"{row.accuracy:.2f}" + (f" ({row.data})" if row.data else "")
    first = next(iter(line.runs.values()), None)
    return [
        str(row.place),
        row.row,
        "no run" if line.variant is None else line.variant or "nothing",
        paper,
        *(score_words(line.runs.get(one.protocol), one.selection) for one in columns),
        verdict_words(line),
        duration_words(first) if first else "–",
        parameter_words(first) if first else "–",
    ]


def verdict_words(line: Line) -> str:
    """Marked where it rests on a score that test images chose."""
    if line.judged is None or (verdict := line.verdict) is None:
        return "–"
    summary = line.judged.summary
    is_marked = verdict.kind != "not comparable"
    is_marked &= summary.scores[verdict_selection(summary)]["selected_on_test"]
    return verdict.kind + (MARK if is_marked else "")


def score_words(run: TableRun | None, selection: str) -> str:
    """ "52.10† ± 0.45 [46.0, 58.3]": percent, deviation over repeats, 95% interval."""
    if run is None or (scores := run.summary.scores.get(selection)) is None:
        return "–"
    mark = MARK if scores["selected_on_test"] else ""
    spread = f" ± {100 * scores['deviation']:.2f}" if scores["deviation"] is not None else ""
    low, high = interval(scores)
    return f"{100 * scores['accuracy']:.2f}{mark}{spread} [{100 * low:.1f}, {100 * high:.1f}]"


def interval(scores: Score) -> tuple[float, float]:
    """Of the accuracy, drawing groups where there are any."""
    low, high = next(iter(scores["intervals"].values()))["accuracy"]
    return low, high


def seconds_per_repeat(run: TableRun) -> float:
    """The median epoch times the epochs: what else a shared machine did now and then is left out."""
    rows = read_metrics(run.path)
    return float(median(row["seconds"] for row in rows)) * len(rows) / run.repeats


def duration_words(run: TableRun) -> str:
    return f"{seconds_per_repeat(run) / 60:.1f} min ({run.protocol.split(' ')[0]})"


def parameter_words(run: TableRun) -> str:
    found = run.summary.parameters
    return f"{found.total / 1e6:.1f} M ({found.trained / 1e6:.1f} M)" if found else "–"


def notes(table: Table) -> Iterator[str]:
    """What a reader of the numbers must know."""
    yield MARK_NOTE
    yield "In percent. In brackets the accuracy's 95% bootstrap interval; ± is the deviation over repeats."
    kinds = {next(iter(one["clusters"])) for line in table.lines for one in _detailed(line)} - {"image"}
    if kinds:
        yield f"Intervals are drawn by {', '.join(sorted(kinds))}: images of one are no independent evidence."
    told = {warning for line in table.lines for run in line.runs.values() for warning in run.summary.warnings}
    yield from sorted(one for one in told if one.startswith(("Other data", "Gone on with")))


def _detailed(line: Line) -> Iterator[Score]:
    for run in line.runs.values():
        yield from (one for one in run.summary.scores.values() if "clusters" in one)
