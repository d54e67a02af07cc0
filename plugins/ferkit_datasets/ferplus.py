"""FER+ (Barsoum et al. 2016): FER2013's images, labelled again by ten people each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from ferkit.plugin import DataError, Sample
from ferkit_datasets.fer2013 import COLUMNS, SPLITS, draw_row, find_split
from ferkit_datasets.labels import FERPLUS, check_left_out
from ferkit_datasets.rows import Faults, Row, read_rows, tell_left_out
from ferkit_datasets.votes import CHOICES, Rule, elect

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


class FERPlus:
    """FER2013 with the labels that most of FER+'s ten people gave; parts as FER2013's.

    root: the folder of the images. votes: FER+'s table, root/fer2013new.csv if left out. file: FER2013's CSV
    file, whose rows are those of the votes. join: a table that tells the images' paths by FER+'s names, for
    images that were laid out otherwise. rule: "majority", as in FER+'s own code: single votes are dropped,
    and the winner needs more than half of the rest; "plurality": the most votes, whatever their share.
    leave_out: labels to do without. Rows that come to no expression are left out and counted: `left_out`, by
    reason.
    """

    def __init__(
        self,
        root: Path,
        votes: Path | None = None,
        file: str = "fer2013.csv",
        join: Path | None = None,
        rule: Rule = "majority",
        leave_out: tuple[str, ...] = (),
    ) -> None:
        check_left_out(leave_out, FERPLUS)
        self.root = root
        self.votes = votes or root / "fer2013new.csv"
        self.file = root / file
        self.join = join
        self.rule: Rule = rule
        self.leave_out = leave_out
        self.left_out: Counter[str] = Counter()

    def faults(self) -> list[str]:
        files = [self.votes, *([self.join] if self.join else [])]
        found = [f"there is no file {file}" for file in files if not file.is_file()]
        if not self.join and not self.file.is_file():
            missing = [name for name in FOLDERS.values() if not (self.root / name).is_dir()]
            if missing:
                found.append(f"there is no {self.file}, and no folder {', '.join(missing)}")
        if found:
            found[-1] += f". {LAYOUT.format(root=self.root)}"
        return found

    def samples(self) -> list[Sample]:
        if faults := self.faults():
            raise DataError("\n".join(faults))
        self.left_out = Counter()
        told = Faults()
        labels = self._elect_all(told)
        told.check()
        samples = self._by_row(labels, told) if self._is_by_row else self._by_name(labels, told)
        told.check()
        tell_left_out("ferplus", self.left_out, len(samples))
        return samples

    @property
    def _is_by_row(self) -> bool:
        return self.join is None and self.file.is_file()

    def _elect_all(self, faults: Faults) -> list[tuple[Row, str]]:
        """Every row of the votes with its label, "" where it is left out."""
        elected = []
        for row in read_rows(self.votes, ("Usage", "Image name", *CHOICES)):
            try:
                label, reason = elect(_count(row), self.rule)
                find_split(row)
            except ValueError as error:
                faults.add(row.place, error)
                continue
            if label in self.leave_out:
                label, reason = "", f"of {label}"
            if reason:
                self.left_out[reason] += 1
            elected.append((row, label))
        return elected

    def _by_row(self, labels: list[tuple[Row, str]], faults: Faults) -> list[Sample]:
        samples, images = [], 0
        for image in read_rows(self.file, COLUMNS):
            images += 1
            row, label = labels[image.number] if images <= len(labels) else (image, "")
            try:
                if (split := find_split(row)) != find_split(image):
                    raise ValueError(f"the Usage is not that of the same row, {row.place}")
                if label:
                    samples.append(Sample(draw_row(image), label, split=split))
            except ValueError as error:
                faults.add(image.place, error)
        if images != len(labels):
            raise DataError(
                f"{self.votes} has {len(labels)} rows and {self.file} {images}; they belong together row by "
                "row, so one of them is not whole"
            )
        return samples

    def _by_name(self, labels: list[tuple[Row, str]], faults: Faults) -> list[Sample]:
        paths = _read_join(self.join) if self.join else None
        samples = []
        for row, label in labels:
            if not label:
                continue
            name = row.cells["Image name"]
            below = f"{FOLDERS[row.cells['Usage']]}/{name}" if paths is None else paths.get(name, "")
            path = self.root / below
            if path.is_file():
                samples.append(Sample(path, label, split=SPLITS[row.cells["Usage"]]))
            else:
                where = f"there is no file {path}" if below else f"{self.join} does not name it"
                faults.add(row.place, f"{name}: {where}")
        return samples


def _count(row: Row) -> Mapping[str, int]:
    """Raises ValueError where a vote is no number."""
    counts = {choice: row.cells[choice] for choice in CHOICES}
    if wrong := [f"{choice}: {text!r}" for choice, text in counts.items() if not text.isdecimal()]:
        raise ValueError(f"votes must be numbers, not {', '.join(wrong)}")
    return {choice: int(text) for choice, text in counts.items()}


def _read_join(file: Path) -> dict[str, str]:
    return {row.cells["name"]: row.cells["path"] for row in read_rows(file, ("name", "path"))}
