"""Images with the votes of several raters."""

import csv
import logging
from collections import Counter
from pathlib import Path

from ferkit.plugin import CANONICAL_LABELS, DataError, Sample, suggest

COLUMNS = ("file", "person", "rater", "expression")
LABELS = {
    **{name: name for name in CANONICAL_LABELS},
    "angry": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprised": "surprise",
}
"""Values of the column expression, in lower case, and their labels."""


class PairsCsvDataset:
    """A folder of images with a table of several raters' votes.

    The label is the expression with the most votes. Images with a tie are skipped. `left_out` counts skipped
    images by reason. The group is "person". The data set has no splits.

    Args:
        root: Folder of the images and the table.
        table: Name of the table below root, with the columns file, person, rater and expression.
        least_raters: Minimum number of raters of an image, at least 1. Images with fewer are skipped.
    """

    def __init__(self, root: Path, table: str = "ratings.csv", least_raters: int = 1) -> None:
        if least_raters < 1:
            raise ValueError(f"least_raters: expected 1 or more, got {least_raters}")
        self.root = root
        self.table = table
        self.least_raters = least_raters
        self.left_out: dict[str, int] = {}

    def problems(self) -> list[str]:
        """Find a missing folder or table."""
        if not self.root.is_dir():
            return [f"there is no folder {self.root}. Request the data from their authors."]
        if not (self.root / self.table).is_file():
            return [f"{self.root} has no table {self.table}. It is expected to have {', '.join(COLUMNS)}."]
        return []

    def samples(self) -> list[Sample]:
        """Return every image with a label, sorted by name. Raises DataError."""
        if problems := self.problems():
            raise DataError("\n".join(problems))
        people, votes = self._read()
        samples = []
        left_out: Counter[str] = Counter()
        for name in sorted(votes):
            if len(votes[name]) < self.least_raters:
                left_out["too few raters"] += 1
                continue
            (label, most), *others = Counter(votes[name].values()).most_common()
            if others and others[0][1] == most:
                left_out["tie"] += 1
                continue
            samples.append(Sample(self.root / name, label, groups={"person": people[name]}))
        self.left_out = dict(left_out)
        for reason, count in sorted(self.left_out.items()):
            logging.getLogger(__name__).warning(
                "%s: %d images skipped: %s", self.root / self.table, count, reason
            )
        return samples

    def _read(self) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        """Return file -> person, and file -> rater -> label."""
        people: dict[str, str] = {}
        votes: dict[str, dict[str, str]] = {}
        problems = []
        path = self.root / self.table
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines)
            if missing := [name for name in COLUMNS if name not in (rows.fieldnames or [])]:
                raise DataError(
                    f"{path}: no column {', '.join(missing)}. It is expected to have {', '.join(COLUMNS)}."
                )
            for row in rows:
                if problem := self._take(row, people, votes):
                    problems.append(f"{path}, line {rows.line_num}: {problem}")
        if problems:
            more = f"\nand {len(problems) - 5} more" if len(problems) > 5 else ""
            raise DataError("\n".join(problems[:5]) + more)
        return people, votes

    def _take(self, row: dict[str, str], people: dict[str, str], votes: dict[str, dict[str, str]]) -> str:
        if empty := [name for name in COLUMNS if not (row[name] or "").strip()]:
            return f"the column {', '.join(empty)} is empty"
        name, person, rater, said = (row[column].strip() for column in COLUMNS)
        if said.lower() not in LABELS:
            return f"no expression is called {said!r}. {suggest(said.lower(), LABELS)}"
        if not (self.root / name).is_file():
            return f"there is no image {self.root / name}"
        if people.setdefault(name, person) != person:
            return f"{name} shows {person} here, but {people[name]} in an earlier line"
        if rater in votes.setdefault(name, {}):
            return f"a second vote of {rater} on {name}"
        votes[name][rater] = LABELS[said.lower()]
        return ""
