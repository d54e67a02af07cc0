"""A network's probabilities for images, from a table, to be mixed into what another network is trained on."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from ferkit.plugin import DataError, Sample
from ferkit_datasets.rows import Faults, Row, log, read_header, read_rows

PLACES = ("file", "path", "name")
"""Columns that may tell the image; the first of them that there is does."""
PREFIX = "p_"
"""Before a label's name in the tables that `ferkit predict` writes; others may do without."""
LEAD = 0.01
"""By how much the label's share stays above any other."""

Shares = Mapping[str, float]


class Teacher:
    """What `ferkit predict --out FILE.csv` wrote, or any table with a column file, path or name and one of
    probabilities (0..1) for each label, by its name or `p_` and its name.

    labels: those of the data; the table's other columns do not count, and what a row gives these labels is
    divided by its sum. Images are found by their path, else by their file's name where only one row has it.
    Rows without probabilities, of an image in which no face was found, are passed over. Raises DataError.
    """

    def __init__(self, file: Path, labels: Sequence[str]) -> None:
        self.file = file
        columns = read_header(file)
        place = next((one for one in PLACES if one in columns), PLACES[0])
        prefix = PREFIX if any(PREFIX + label in columns for label in labels) else ""
        told, self.by_path = Faults(), dict[str, Shares]()
        for row in read_rows(file, (place, *(prefix + label for label in labels))):
            path = os.path.abspath(row.cells[place])
            try:
                shares = _read_shares(row, labels, prefix)
                if path in self.by_path:
                    raise ValueError(
                        f"{row.cells[place]} has a row before this one; an image has one row, of one face"
                    )
            except ValueError as error:
                told.add(row.place, error)
                continue
            self.by_path[path] = shares
        told.check()
        names = Counter(PurePath(path).name for path in self.by_path)
        by_name = {PurePath(path).name: shares for path, shares in self.by_path.items()}
        self.by_name = {name: shares for name, shares in by_name.items() if names[name] == 1}

    def find(self, path: Path) -> Shares:
        """Empty where the table has none for the image."""
        place = os.path.abspath(path)
        return self.by_path[place] if place in self.by_path else self.by_name.get(path.name, {})

    def teach(self, samples: Sequence[Sample], weight: float) -> list[Sample]:
        """The samples, those for training with the mixed targets; how many is told.

        Raises DataError where the table names none of them.
        """
        given, lowered = list(samples), 0
        training = [place for place, one in enumerate(given) if one.split == "train"]
        known = [(place, shares) for place in training if (shares := self.find(given[place].path))]
        for place, shares in known:
            one = given[place]
            mixed, is_lowered = mix(one.soft_target or {one.label: 1.0}, shares, weight, one.label)
            given[place] = replace(one, soft_target=mixed)
            lowered += is_lowered
        if training and not known:
            raise DataError(
                f"{self.file} names none of the training images, neither by path nor by the file's name: "
                f"e.g. {given[training[0]].path}. Make it: ferkit predict FOLDER --out FILE.csv"
            )
        log.warning(
            "%s: it has %d of %d training images; for %d of them its share was lowered, where it would have "
            "made another label the likeliest",
            *(self.file, len(known), len(training), lowered),
        )
        return given


def _read_shares(row: Row, labels: Sequence[str], prefix: str) -> Shares:
    """Raises ValueError where they are no probabilities."""
    texts = {label: row.cells[prefix + label] for label in labels}
    if not any(texts.values()):
        return {}
    try:
        shares = {label: float(text) for label, text in texts.items()}
    except ValueError as error:
        raise ValueError(f"expected a probability for each label ({error})") from error
    if wrong := [f"{label}: {texts[label]}" for label, share in shares.items() if not 0 <= share <= 1]:
        raise ValueError(f"expected probabilities from 0 to 1, not {', '.join(wrong)}")
    if not (total := math.fsum(shares.values())):
        raise ValueError(f"it gives nothing to any of {', '.join(labels)}")
    return {label: share / total for label, share in shares.items()}


def mix(target: Shares, taught: Shares, weight: float, label: str) -> tuple[dict[str, float], bool]:
    """(1 − weight) of the target and weight of what is taught, and whether the weight had to be lowered.

    It is where another name than the label would otherwise have the largest share: what an image is scored
    and counted as is not a network's to change.
    """
    names = [name for name in {**target, **taught} if name != label]
    allowed = weight
    for name in names:
        ahead = target.get(label, 0.0) - target.get(name, 0.0)
        behind = taught.get(name, 0.0) - taught.get(label, 0.0)
        if ahead - weight * (ahead + behind) < LEAD:
            allowed = min(allowed, max(0.0, (ahead - LEAD) / (ahead + behind)))
    mixed = {
        name: (1 - allowed) * target.get(name, 0.0) + allowed * taught.get(name, 0.0)
        for name in (label, *names)
    }
    return mixed, allowed < weight
