"""Split files: the groups of each fold, for results on the same folds."""

from __future__ import annotations

import itertools
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferkit.data.groups import group_names
from ferkit.data.splits import Positions
from ferkit.errors import DataError
from ferkit.interfaces import Sample
from ferkit.runtime.shipped import find_shipped

FORMAT = """\
Expected:
    by = "movie"
    folds = [["TitleA", "TitleB"], ["TitleC"]]
    [merged]                    # optional: groups that count as one, such as films and their sequels
    Title = ["TitleC", "TitleD"]"""


@dataclass(frozen=True, slots=True)
class Split:
    """The folds of a split file.

    Attributes:
        source: File or name.
        by: Kind of group.
        folds: Names of the groups of each fold.
        merged: Group to the group that it counts as inside a fold.
    """

    source: str
    by: str
    folds: tuple[frozenset[str], ...]
    merged: Mapping[str, str]

    def positions(self, samples: Sequence[Sample]) -> list[Positions]:
        """Return the samples of each fold. Raises DataError for an unlisted group or an empty fold."""
        names = group_names(samples, self.by)
        listed = frozenset().union(*self.folds)
        if unknown := sorted(set(names) - listed):
            raise DataError(
                f"{self.source} lists no fold for {self.by} {', '.join(unknown[:5])}"
                f"{' and others' if len(unknown) > 5 else ''}. Is it the split of another dataset? Add the "
                "groups, or remove protocol.split to let ferkit compute folds."
            )
        places = [np.flatnonzero([name in fold for name in names]) for fold in self.folds]
        if empty := [str(number) for number, place in enumerate(places, start=1) if not len(place)]:
            raise DataError(
                f"{self.source}: no image belongs to the groups of fold {', '.join(empty)}. Are images "
                "missing? Restore them, or remove protocol.split to let ferkit compute folds."
            )
        return places


def read_split(source: str) -> Split:
    """Read a TOML file, or a bundled split by its name. Raises DataError if it is invalid."""
    path = find_shipped(source, "splits", "split")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        if unknown := sorted(table.keys() - {"by", "folds", "merged"}):
            raise ValueError(f"it has no key {', '.join(unknown)}")
        by, folds = table["by"], [_strings(fold) for fold in table["folds"]]
        merged = {name: _strings(several) for name, several in table.get("merged", {}).items()}
        if not isinstance(by, str) or len(folds) < 2 or not all(folds):
            raise ValueError("`by` must be a string, and `folds` must be two or more non-empty lists")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{path} is not a split file: {missing}. {FORMAT}") from error
    if twice := _twice(folds):
        raise DataError(
            f"{path} lists {by} {', '.join(twice)} more than once. A group in two folds is in training and "
            "test data. Keep it in one fold."
        )
    _check_merged(path, folds, merged)
    counts_as = {one: name for name, several in merged.items() for one in several}
    return Split(source, by, tuple(map(frozenset, folds)), counts_as)


def _strings(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"expected a list of names, got {value!r}")
    return value


def _twice(lists: Iterable[Sequence[str]]) -> list[str]:
    return sorted(name for name, count in Counter(itertools.chain(*lists)).items() if count > 1)


def _check_merged(path: Path, folds: Sequence[Sequence[str]], merged: Mapping[str, Sequence[str]]) -> None:
    """Raise DataError if merged groups are in no fold, in two folds, or merged twice."""
    place = {name: index for index, fold in enumerate(folds) for name in fold}
    if unknown := sorted({one for several in merged.values() for one in several} - place.keys()):
        raise DataError(f"{path} merges {', '.join(unknown)}, which no fold lists. Check the spelling.")
    if twice := _twice(merged.values()):
        raise DataError(f"{path} merges {', '.join(twice)} into more than one group. Keep it in one group.")
    # A merged group can have the name of a listed group, which then belongs to it.
    whole = {
        name: {place[one] for one in (name, *several) if one in place} for name, several in merged.items()
    }
    if torn := sorted(name for name, places in whole.items() if len(places) > 1):
        raise DataError(
            f"{path} counts {', '.join(torn)} as one group, but lists it in two folds. Keep it in one fold."
        )
