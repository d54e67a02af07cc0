"""FER+ (Barsoum et al. 2016): FER2013's images, labelled again by ten people each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ferkit.plugin import DataError, Sample
from ferkit_datasets.fer2013 import COLUMNS, draw_row, find_split
from ferkit_datasets.labels import FERPLUS, check_left_out
from ferkit_datasets.rows import Faults, Row, read_rows
from ferkit_datasets.teacher import Teacher
from ferkit_datasets.votes import CHOICES, Rule, elect, share_out

FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
"""Where FER+'s own program puts the images that it makes of fer2013.csv."""

LAYOUT = """\
The votes are https://github.com/microsoft/FERPlus, the images FER2013's: https://www.kaggle.com/c/\
challenges-in-representation-learning-facial-expression-recognition-challenge
How the folder must look:
    {root}/fer2013new.csv                   the votes
    {root}/fer2013.csv                      the images, row by row
or  {root}/FER2013Train/fer0000000.png, FER2013Valid, FER2013Test, as FER+'s program makes them
or  {root}/any/where.png, and join = "TABLE.csv": columns name (fer0000000.png) and path (any/where.png)"""


@dataclass(frozen=True, slots=True)
class Elected:
    """A row of the votes; label: "" where it is left out."""

    row: Row
    label: str
    votes: Mapping[str, int]


class FERPlus:
    """FER2013 with the labels that most of FER+'s ten people gave; parts as FER2013's.

    root: the folder of the images. votes: FER+'s table, root/fer2013new.csv if left out. file: FER2013's CSV
    file, whose rows are those of the votes. join: a table that tells the images' paths by FER+'s names, for
    images that were laid out otherwise. missing: whether an image that is not there stops the reading or is
    left out. rule: "majority", as in FER+'s own code: single votes are dropped, and the winner needs more
    than half of the rest; "plurality": the most votes, whatever their share. leave_out: labels to do without.
    Rows that come to no expression are left out and counted: `left_out`, by reason.

    targets: what is trained on, the label or the votes' distribution over the labels: single votes dropped,
    the rest shared out. teacher: a table of another network's probabilities, with a column for the file and
    one for each label, as `ferkit predict` writes it. They make up teacher_weight (0..1) of the training
    images' targets, and less where they would make another label the likeliest. Validation and test images
    keep the votes' own.
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
        told = Faults()
        elected = self._elect_all(told)
        told.check()
        found = self._by_row(elected, told) if self._is_by_row else self._by_name(elected, told)
        told.check()
        # A name that no image is labelled with is no class, whatever votes went to it.
        labels = [label for label in FERPLUS if any(one.label == label for _, one in found)]
        samples = [self._sample(path, one, labels) for path, one in found]
        if self.teacher:
            samples = Teacher(self.teacher, labels).teach(samples, self.teacher_weight)
        return samples

    @property
    def _is_by_row(self) -> bool:
        return self.join is None and self.file.is_file()

    def _elect_all(self, problems: Faults) -> list[Elected]:
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

    def _by_row(self, elected: list[Elected], problems: Faults) -> list[tuple[Path, Elected]]:
        found, images = [], 0
        for image in read_rows(self.file, COLUMNS):
            images += 1
            one = elected[image.number] if images <= len(elected) else Elected(image, "", {})
            try:
                if find_split(one.row) != find_split(image):
                    raise ValueError(f"the Usage is not that of the same row, {one.row.place}")
                if one.label:
                    found.append((draw_row(image), one))
            except ValueError as error:
                problems.add(image.place, error)
        if images != len(elected):
            raise DataError(
                f"{self.votes} has {len(elected)} rows and {self.file} {images}; they belong together row by "
                "row, so one of them is not whole"
            )
        return found

    def _by_name(self, elected: list[Elected], problems: Faults) -> list[tuple[Path, Elected]]:
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
            if path.is_file():
                found.append((path, one))
            elif self.missing == "leave_out":
                self.left_out["without an image"] += 1
            else:
                where = f"there is no file {path}" if below else f"{self.join} does not name it"
                problems.add(row.place, f"{name}: {where}")
        return found


def _count(row: Row) -> Mapping[str, int]:
    """Raises ValueError where a vote is no number."""
    counts = {choice: row.cells[choice] for choice in CHOICES}
    if wrong := [f"{choice}: {text!r}" for choice, text in counts.items() if not text.isdecimal()]:
        raise ValueError(f"votes must be numbers, not {', '.join(wrong)}")
    return {choice: int(text) for choice, text in counts.items()}


def _read_join(file: Path) -> dict[str, str]:
    return {row.cells["name"]: row.cells["path"] for row in read_rows(file, ("name", "path"))}
