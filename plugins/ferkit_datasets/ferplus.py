"""FER+ (Barsoum et al. 2016): FER2013's images with the votes of ten people each."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ferkit.plugin import DataError, Sample
from ferkit_datasets.fer2013 import COLUMNS, draw_row, find_split
from ferkit_datasets.labels import FERPLUS, check_left_out
from ferkit_datasets.rows import Problems, Row, read_rows
from ferkit_datasets.teacher import Teacher
from ferkit_datasets.votes import CHOICES, Rule, elect, share_out

FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
"""Folders that FER+'s program writes the images of fer2013.csv into."""

LAYOUT = """\
Votes: https://github.com/microsoft/FERPlus. Images: FER2013, https://www.kaggle.com/c/\
challenges-in-representation-learning-facial-expression-recognition-challenge
Expected layout:
    {root}/fer2013new.csv                   the votes
    {root}/fer2013.csv                      the images, in the same order
or  {root}/FER2013Train/fer0000000.png, FER2013Valid, FER2013Test, as FER+'s program writes them
or  {root}/any/where.png, and join = "TABLE.csv" with columns name (fer0000000.png), path (any/where.png)"""


@dataclass(frozen=True, slots=True)
class Elected:
    """A row of the votes with its label, "" if it is skipped."""

    row: Row
    label: str
    votes: Mapping[str, int]


class FERPlus:
    """FER2013 with the votes of FER+'s ten annotators, and FER2013's splits.

    Rows without a winning expression are skipped. `left_out` counts them by reason.

    Args:
        root: Folder of the images.
        votes: FER+'s table. Default: fer2013new.csv in root.
        file: FER2013's CSV file, in the order of the votes.
        join: Table of image paths by FER+'s names, for images in another layout.
        rule: "majority" is the rule of FER+'s code: single votes are dropped, and the winner needs more than
            half of the rest. "plurality": the most votes win.
        leave_out: Labels to skip, usually "contempt".
        targets: Training target: the "label", or the distribution of the "votes" without single votes.
        teacher: Table of another network's probabilities for the training images, as `ferkit predict --out`
            writes. Validation and test images keep their targets.
        teacher_weight: Fraction of the teacher's probabilities in the target, from 0 to 1. It is lowered for
            an image if another label would become the most probable.
        missing: Handling of a missing image: "stop" is an error, "leave_out" skips it.
    """

    def __init__(
        self,
        root: Path,
        votes: Path | None = None,
        file: str = "fer2013.csv",
        join: Path | None = None,
        rule: Rule = "majority",
        leave_out: tuple[str, ...] = (),
        targets: Literal["label", "votes"] = "label",
        teacher: Path | None = None,
        teacher_weight: float = 0.5,
        missing: Literal["stop", "leave_out"] = "stop",
    ) -> None:
        check_left_out(leave_out, FERPLUS)
        if not 0 <= teacher_weight <= 1:
            raise ValueError(f"teacher_weight: expected a fraction from 0 to 1, got {teacher_weight}")
        self.root = root
        self.votes = votes or root / "fer2013new.csv"
        self.file = root / file
        self.join = join
        self.rule: Rule = rule
        self.leave_out = leave_out
        self.targets = targets
        self.teacher = teacher
        self.teacher_weight = teacher_weight
        self.missing = missing
        self.left_out: Counter[str] = Counter()

    def problems(self) -> list[str]:
        files = [self.votes, *(file for file in (self.join, self.teacher) if file)]
        found = [f"there is no file {file}" for file in files if not file.is_file()]
        if not self.join and not self.file.is_file():
            missing = [name for name in FOLDERS.values() if not (self.root / name).is_dir()]
            if missing:
                found.append(f"there is no {self.file}, and no folder {', '.join(missing)}")
        if found:
            found[-1] += f". {LAYOUT.format(root=self.root)}"
        return found

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        self.left_out = Counter()
        errors = Problems()
        elected = self._elect_all(errors)
        errors.check()
        found = self._by_row(elected, errors) if self._is_by_row else self._by_name(elected, errors)
        errors.check()
        # A name without a labelled image is not a class, even if it has votes.
        labels = [label for label in FERPLUS if any(one.label == label for _, one in found)]
        samples = [self._sample(path, one, labels) for path, one in found]
        if self.teacher:
            samples = Teacher(self.teacher, labels).teach(samples, self.teacher_weight)
        return samples

    @property
    def _is_by_row(self) -> bool:
        return self.join is None and self.file.is_file()

    def _elect_all(self, problems: Problems) -> list[Elected]:
        elected = []
        for row in read_rows(self.votes, ("Usage", "Image name", *CHOICES)):
            try:
                votes = _count(row)
                label, reason = elect(votes, self.rule)
                find_split(row)
            except ValueError as error:
                problems.add(row.place, error)
                continue
            if label in self.leave_out:
                label, reason = "", f"of {label}"
            if reason:
                self.left_out[reason] += 1
            elected.append(Elected(row, label, votes))
        return elected

    def _sample(self, path: Path, one: Elected, labels: list[str]) -> Sample:
        shares = share_out(one.votes, labels) if self.targets == "votes" else {}
        return Sample(path, one.label, split=find_split(one.row), soft_target=shares)

    def _by_row(self, elected: list[Elected], problems: Problems) -> list[tuple[Path, Elected]]:
        found, images = [], 0
        for image in read_rows(self.file, COLUMNS):
            images += 1
            one = elected[image.number] if images <= len(elected) else Elected(image, "", {})
            try:
                if find_split(one.row) != find_split(image):
                    raise ValueError(f"the Usage differs from the same row of the votes, {one.row.place}")
                if one.label:
                    found.append((draw_row(image), one))
            except ValueError as error:
                problems.add(image.place, error)
        if images != len(elected):
            raise DataError(
                f"{self.votes} has {len(elected)} rows, but {self.file} has {images}. Both need the same "
                "rows: one of the files is incomplete."
            )
        return found

    def _by_name(self, elected: list[Elected], problems: Problems) -> list[tuple[Path, Elected]]:
        paths = _read_join(self.join) if self.join else None
        found, taken = [], set[str]()
        for one in elected:
            if not one.label:
                continue
            if one.row.cells["Image name"] in taken:  # FER+'s own table names four images twice
                self.left_out["of an image that has a row before"] += 1
                continue
            taken.add(one.row.cells["Image name"])
            row, name = one.row, one.row.cells["Image name"]
            below = f"{FOLDERS[row.cells['Usage']]}/{name}" if paths is None else paths.get(name, "")
            path = self.root / below
            if os.path.isfile(path):  # pathlib raises for names that are too long
                found.append((path, one))
            elif self.missing == "leave_out":
                self.left_out["without an image"] += 1
            else:
                where = f"there is no file {path}" if below else f"{self.join} does not list it"
                problems.add(row.place, f"{name}: {where}")
        return found


def _count(row: Row) -> Mapping[str, int]:
    """Read the votes of a row. Raises ValueError for a vote that is not a number."""
    counts = {choice: row.cells[choice] for choice in CHOICES}
    if wrong := [f"{choice}: {text!r}" for choice, text in counts.items() if not text.isdecimal()]:
        raise ValueError(f"expected whole numbers of votes, got {', '.join(wrong)}")
    return {choice: int(text) for choice, text in counts.items()}


def _read_join(file: Path) -> dict[str, str]:
    return {row.cells["name"]: row.cells["path"] for row in read_rows(file, ("name", "path"))}
