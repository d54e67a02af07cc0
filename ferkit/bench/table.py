"""Tables of a record and of a comparison for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ferkit.bench.comparison import Comparison, name_case
from ferkit.bench.measuring import REFERENCE, find_peak
from ferkit.bench.record import Measurement, Record

MEBIBYTE = 2**20
FIGURES = ("images/s", "median", "p95", "p99", "memory", "of peak")


def show_record(record: Record) -> Group:
    """Show the machine, the times, and the cases that could not be measured."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    rows = [one for one in record.measurements if one.case.get("stage") != REFERENCE]
    keys = list(dict.fromkeys(key for one in rows for key in one.case))
    for key in keys:
        table.add_column(key)
    figures = [_figures(one) for one in rows]
    shown = [name for name in FIGURES if any(one[name] for one in figures)]  # no column that is empty
    for name in shown:
        table.add_column(name, justify="right")
    for one, known in zip(rows, figures, strict=True):
        words = [str(one.case.get(key, "")) for key in keys]
        table.add_row(*map(escape, words), *(known[name] for name in shown))
    lines = [Text(line) for line in describe(record)]
    return Group(*lines, table, *(Text(line) for line in _footer(record)))


def describe(record: Record) -> Iterator[str]:
    """Describe the machine and the settings in a few lines."""
    machine = record.machine
    gpu = f", {machine['gpu']}" if machine.get("gpu") else ""
    yield (
        f"{machine['processor']}{gpu}; {machine['cores']} cores, {machine['threads']} threads; "
        f"clock policy {machine['clock'] or 'unknown'}"
    )
    for names in (("detector", "backbone", "head"), ("device", "precision", "compile", "image_size")):
        known = [f"{name} {record.setting[name]}" for name in names if name in record.setting]
        if known:
            yield "; ".join(known)
    if "images" in record.setting:
        yield f"images: {record.setting['images']}"


def _figures(one: Measurement) -> dict[str, str]:
    """Format the figures by column; "" for a missing one."""
    rate = f"{one.per_second:.3g}" if one.per_second < 1000 else f"{one.per_second:.0f}"
    return {
        "images/s": rate if one.images else "",
        "median": format_seconds(one.median),
        "p95": format_seconds(one.percentile(95)),
        "p99": format_seconds(one.percentile(99)),
        "memory": f"{one.peak_memory / MEBIBYTE:.0f} MiB" if one.peak_memory is not None else "",
        "of peak": f"{100 * one.peak_share:.0f}%" if one.peak_share else "",
    }


def format_seconds(seconds: float) -> str:
    """Format a time with three digits and a unit: 1.23 ms."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            return f"{seconds / size:.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:.0f} {unit}"
    raise AssertionError


def _footer(record: Record) -> Iterator[str]:
    rounds = {len(one.seconds) for one in record.measurements}
    if rounds:
        has_memory = any(one.peak_memory is not None for one in record.measurements)
        memory = "; memory: peak, with everything loaded for it" if has_memory else ""
        yield f"{max(rounds)} calls per case, in turns, after a warm-up{memory}"
    products = [one.case for one in record.measurements if one.case.get("stage") == REFERENCE]
    for precision in dict.fromkeys(case.get("precision") for case in products):
        peak = (find_peak(record.measurements, precision) or 0) / 1e9
        words = precision or record.setting.get("precision", "")
        yield f"peak of the machine in matrix multiplication, {words}: {peak:.0f} GFLOP/s"
    for case, reason in record.missing:
        yield f"not measured: {name_case(case)}: {reason}"
    for warning in record.warnings:
        yield f"note: {warning}"
    for name, value in record.facts.items():
        yield f"{name}: {value}"


def show_comparison(comparison: Comparison) -> Group:
    """Show the cases of both records with a verdict."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    for name in ("case", "before", "now", "times as fast", "95% interval", "verdict"):
        table.add_column(name, justify="left" if name in ("case", "verdict") else "right")
    for row in comparison.rows:
        speed_up = row.speed_up
        times = format_seconds(row.old.median), format_seconds(row.new.median)
        words = escape(name_case(row.new.case))
        table.add_row(words, *times, f"{speed_up.ratio:.2f}", speed_up.interval, speed_up.verdict)
    return Group(table, *(Text(f"note: {note}") for note in comparison.notes))
