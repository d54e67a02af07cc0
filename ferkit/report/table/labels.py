"""Labels of runs: the settings in which they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ferkit.report.table.settings import UNSET, Setting, Settings, comparable
from ferkit.report.table.slots import fold_options
from ferkit.report.table.values import shorten


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of several settings.

    Attributes:
        each: A label for each settings, such as "loss = focal, fit.epochs = 4". "" has only common values.
        common: The values that labels omit, in the same format. Keys without a value are left out, unless all
            are.
    """

    each: Sequence[str]
    common: str


def label(rows: Sequence[Settings], omit_common: bool = True) -> Labels:
    """Label each settings by its differences from the others.

    A label omits the value that most settings have. If components differ, each has its own options in
    brackets, and no option of theirs is omitted. Labels of different settings differ, unless two values are
    written alike.
    """
    rows, differing = fold_options(rows)
    keys = list(dict.fromkeys(key for row in rows for key in row))
    short = _shorten([key for key in keys if len({row.get(key, UNSET).same for row in rows}) > 1])
    found: list[list[str]] = [[] for _ in rows]
    omitted: list[tuple[bool, str]] = []
    for key, name in short.items():
        for members in comparable(key, rows):
            values = {index: rows[index].get(key, UNSET) for index in members}
            if len({one.same for one in values.values()}) < 2:
                continue
            common = (
                _common(list(values.values())) if omit_common and not _is_option(key, differing) else None
            )
            if common is not None:
                omitted.append((common == UNSET, f"{name} = {common.shown}"))
            for index, one in values.items():
                if common is None or one.same != common.same:
                    found[index].append(f"{name} = {one.shown}")
    shown = [words for is_unset, words in omitted if not is_unset] or [words for _, words in omitted]
    return Labels([", ".join(words) for words in found], ", ".join(shown))


def _is_option(key: str, prefixes: tuple[str, ...]) -> bool:
    """Return True for an option of one of the sections, False for the component's name."""
    return any(key.startswith(prefix) and key != f"{prefix}name" for prefix in prefixes)


def _common(values: Sequence[Setting]) -> Setting | None:
    """Return the value of more than half of the rows, else UNSET if a row has none."""
    same, count = Counter(one.same for one in values).most_common(1)[0]
    if 2 * count > len(values):
        return next(one for one in values if one.same == same)
    return UNSET if any(one.same == UNSET.same for one in values) else None


def _shorten(keys: Sequence[str]) -> Mapping[str, str]:
    """Map keys to short names: model.head.name becomes head. A name of two keys is not shortened."""
    short = {key: shorten(key) for key in keys}
    counts = Counter(short.values())
    return {key: name if counts[name] == 1 else key for key, name in short.items()}


def make_unique(labels: Sequence[str], folders: Sequence[object]) -> list[str]:
    """Add the run folder to labels that are equal."""
    counts = Counter(labels)
    return [
        one if counts[one] == 1 else f"{one} ({folder})".strip()
        for one, folder in zip(labels, folders, strict=True)
    ]
