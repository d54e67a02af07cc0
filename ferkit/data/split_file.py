"""A list of which groups make up each fold, so that everybody tests on the same ones."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferkit.data.grouping import group_names
from ferkit.data.splits import Positions
from ferkit.errors import DataError
from ferkit.interfaces import Sample
from ferkit.shipped import find_shipped

FORMAT = """\
It must look like this:
    by = "movie"
    folds = [["TitleA", "TitleB"], ["TitleC"]]
    [merged]                    # if some groups count as one: films and their sequels
    Title = ["TitleC", "TitleD"]"""


@dataclass(frozen=True, slots=True)
class Split:
    """by: the kind of group; folds: the names in each; merged: name -> what it counts as inside a fold."""

    source: str
    by: str
    folds: tuple[frozenset[str], ...]
    merged: Mapping[str, str]

    def positions(self, samples: Sequence[Sample]) -> list[Positions]:
        """Each fold's samples. Raises DataError where a sample's group is not listed."""
        names = group_names(samples, self.by)
        listed = frozenset().union(*self.folds)
        if unknown := sorted(set(names) - listed):
            raise DataError(
                f"{self.source} lists no fold for {self.by} {', '.join(unknown[:5])}"
                f"{' and others' if len(unknown) > 5 else ''}. Is it the split of another data set? Add what "
                "is missing, or take folds that are searched for: leave out protocol.split."
            )
        return [np.flatnonzero([name in fold for name in names]) for fold in self.folds]


def read_split(source: str) -> Split:
    """source: a TOML file, or the name of a split that ferkit ships. Raises DataError."""
    path = find_shipped(source, "splits", "split")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        folds = tuple(frozenset(_strings(fold)) for fold in table["folds"])
        merged = {one: name for name, several in table.get("merged", {}).items() for one in _strings(several)}
        by = table["by"]
        if not isinstance(by, str) or len(folds) < 2:
            raise ValueError("by must be a kind of group, and folds a list of two lists or more")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{path} is no list of folds: {missing}. {FORMAT}") from error
    twice = sorted(
        name for name, count in Counter(n for fold in table["folds"] for n in fold).items() if count > 1
    )
    if twice:
        raise DataError(
            f"{path} lists {by} {', '.join(twice)} more than once: a group in two folds is "
            "trained and tested on. Leave it in one."
        )
    _check_merged(path.name, folds, merged)
    return Split(source, by, folds, merged)


def _strings(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"expected a list of names, got {value!r}")
    return value


def _check_merged(file: str, folds: Sequence[frozenset[str]], merged: Mapping[str, str]) -> None:
    """Raises DataError where groups that count as one stand in two folds."""
    place = {name: index for index, fold in enumerate(folds) for name in fold}
    whole: dict[str, set[int]] = {}
    for name, as_what in merged.items():
        whole.setdefault(as_what, set()).update({place[name]} if name in place else ())
    if torn := sorted(name for name, places in whole.items() if len(places) > 1):
        raise DataError(f"{file} counts {', '.join(torn)} as one group, but has parts of it in two folds")
