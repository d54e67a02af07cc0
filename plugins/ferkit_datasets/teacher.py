"""Probabilities of another network, mixed into training targets (distillation)."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from ferkit.plugin import DataError, Sample
from ferkit_datasets.rows import Problems, Row, log, read_header, read_rows

PLACES = ("file", "path", "name")
"""Columns that may have the image; the first one that exists is used."""
PREFIX = "p_"
"""Prefix of the labels in tables of `ferkit predict`; optional in other tables."""
LEAD = 0.01
"""Minimum difference between the probability of the label and any other."""

Shares = Mapping[str, float]


class Teacher:
    """A table of probabilities, as `ferkit predict --out FILE.csv` writes it.

    The table needs a column file, path or name, and one of probabilities from 0 to 1 for each label, called
    LABEL or p_LABEL. Other columns are ignored. The probabilities of a row are divided by their sum. An image
    is found by its path, otherwise by its file name if only one row has it. Rows without probabilities are
    ignored: their image had no face. Raises DataError.
    """

    def __init__(self, file: Path, labels: Sequence[str]) -> None:
        self.file = file
        columns = read_header(file)
        place = next((one for one in PLACES if one in columns), PLACES[0])
        prefix = PREFIX if any(PREFIX + label in columns for label in labels) else ""
        errors, self.by_path = Problems(), dict[str, Shares]()
        for row in read_rows(file, (place, *(prefix + label for label in labels))):
            path = os.path.abspath(row.cells[place])
            try:
                shares = _read_shares(row, labels, prefix)
                if path in self.by_path:
                    raise ValueError(
                        f"{row.cells[place]} has an earlier row. Each image needs one row, with one face."
                    )
            except ValueError as error:
                errors.add(row.place, error)
                continue
            self.by_path[path] = shares
        errors.check()
        names = Counter(PurePath(path).name for path in self.by_path)
        by_name = {PurePath(path).name: shares for path, shares in self.by_path.items()}
        self.by_name = {name: shares for name, shares in by_name.items() if names[name] == 1}

    def find(self, path: Path) -> Shares:
        """Return the probabilities of an image, empty if the table has none."""
        place = os.path.abspath(path)
        return self.by_path[place] if place in self.by_path else self.by_name.get(path.name, {})

    def teach(self, samples: Sequence[Sample], weight: float) -> list[Sample]:
        """Mix the table into the targets of the training samples and log their number.

        Raises:
            DataError: The table has none of the training images.
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
                f"{self.file} has none of the training images, by path or by file name, such as "
                f"{given[training[0]].path}. Create it with: ferkit predict FOLDER --out FILE.csv"
            )
        log.warning(
            "%s has %d of %d training images. Its weight was lowered for %d of them, where another label "
            "would have become the most probable",
            *(self.file, len(known), len(training), lowered),
        )
        return given


def _read_shares(row: Row, labels: Sequence[str], prefix: str) -> Shares:
    """Read the probabilities of a row. Raises ValueError."""
    texts = {label: row.cells[prefix + label] for label in labels}
    if not any(texts.values()):
        return {}
    try:
        shares = {label: float(text) for label, text in texts.items()}
    except ValueError as error:
        raise ValueError(f"expected a probability for each label: {error}") from error
    if wrong := [f"{label}: {texts[label]}" for label, share in shares.items() if not 0 <= share <= 1]:
        raise ValueError(f"expected probabilities from 0 to 1, got {', '.join(wrong)}")
    if not (total := math.fsum(shares.values())):
        raise ValueError(f"the probabilities of {', '.join(labels)} are all 0")
    return {label: share / total for label, share in shares.items()}


def mix(target: Shares, taught: Shares, weight: float, label: str) -> tuple[dict[str, float], bool]:
    """Return (1 − weight)·target + weight·taught, and True if the weight was lowered.

    The weight is lowered if another name than the label would otherwise be the most probable. The label,
    which is scored and counted, stays the same.
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
