"""Finished runs for a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferkit.errors import RunError
from ferkit.evaluation.protocol_text import protocol_key
from ferkit.evaluation.run_files import read_environment, read_summary
from ferkit.evaluation.summary import Summary
from ferkit.messages import quote
from ferkit.report.table.settings import Settings, read_settings
from ferkit.report.table.values import show

REPEATED = ("repeats", "seed")
"""Keys of a protocol in which repeats of a run differ."""


@dataclass(frozen=True, slots=True)
class TableRun:
    """A finished run.

    Attributes:
        path: Its folder.
        summary: Its scores.
        settings: The settings of its resolved recipe.
        protocol: Name of its protocol in this table, such as "grouped (movie)".
    """

    path: Path
    summary: Summary
    settings: Settings
    protocol: str

    @property
    def repeats(self) -> int:
        return int(self.summary.protocol["repeats"])

    @property
    def environment(self) -> dict[str, Any]:
        return read_environment(self.path)


def read_runs(folders: Sequence[Path]) -> list[TableRun]:
    """Read runs, each folder once. Raises RunError if a run is unfinished or from an older ferkit."""
    paths = list({folder.resolve(): folder for folder in folders}.values())
    summaries = [_read_summary(path) for path in paths]
    names = _protocol_names([one.protocol for one in summaries])
    return [
        TableRun(path, summary, read_settings(path, summary), name)
        for path, summary, name in zip(paths, summaries, names, strict=True)
    ]


def _read_summary(folder: Path) -> Summary:
    summary = read_summary(folder)
    shown = [one for one in summary.scores.values() if "intervals" in one]
    if not shown or "number" not in (summary.paper or {"number": None}):
        words = f"ferkit report {quote(folder)}"
        raise RunError(f"Cannot read {folder}: it was made by an older ferkit. Update it with: {words}")
    return summary


def _protocol_names(protocols: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name each protocol. If different ones have the same short name, it gets the keys that differ."""
    kept = [{k: v for k, v in one.items() if k not in REPEATED and v} for one in protocols]
    names = [protocol_key(one) for one in protocols]
    return [
        _with_details(name, one, [other for other, same in zip(kept, names, strict=True) if same == name])
        for name, one in zip(names, kept, strict=True)
    ]


def _with_details(name: str, own: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
    keys = [key for key in own if any(other.get(key) != own[key] for other in others)]
    details = ", ".join(f"{key} = {show(own[key])}" for key in keys)
    if not details:
        return name
    return f"{name[:-1]}, {details})" if name.endswith(")") else f"{name} ({details})"
