"""AffectNet (Mollahosseini, Hasani and Mahoor 2017), the manually annotated images."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from ferkit.plugin import DataError, Sample
from ferkit_datasets.labels import AFFECTNET, AFFECTNET_NO_EXPRESSION, check_left_out, find_label
from ferkit_datasets.rows import Problems, read_header, read_rows

COLUMNS = (
    "subDirectory_filePath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
LISTS = {"train": "training.csv", "validation": "validation.csv"}
FOLDERS = {"train": "train_set", "validation": "val_set"}

LAYOUT = """\
Request AffectNet from its authors (A. Mollahosseini, B. Hasani, M. H. Mahoor, "AffectNet: A Database for
Facial Expression, Valence, and Arousal Computing in the Wild", IEEE Transactions on Affective Computing
2017): http://mohammadmahoor.com/affectnet/
Expected layout:
    {root}/Manually_Annotated_file_lists/training.csv, validation.csv
    {root}/Manually_Annotated_Images/1/*.jpg
or the layout of the release with eight classes:
    {root}/train_set/images/1.jpg, {root}/train_set/annotations/1_exp.npy, and the same in val_set"""


class AffectNet:
    """Manually annotated images of eight expressions.

    Both published layouts are supported: lists in CSV files, or the folders train_set and val_set. Images
    labelled "none", "uncertain" or "no face" are skipped. `left_out` counts skipped images by reason.

    Args:
        root: Folder with Manually_Annotated_file_lists/ and Manually_Annotated_Images/, or with train_set/
            and val_set/, each with images/1.jpg and annotations/1_exp.npy.
        lists: Folder of training.csv and validation.csv below root. Ignored if there is a folder train_set.
        images: Folder of the images in these lists, below root. Ignored if there is a folder train_set.
        leave_out: Labels to skip, usually "contempt".
        validation_is: Split of AffectNet's validation set. Default "test", because the labels of the test
            set are not public.
    """

    def __init__(
        self,
        root: Path,
        lists: str = "Manually_Annotated_file_lists",
        images: str = "Manually_Annotated_Images",
        leave_out: tuple[str, ...] = (),
        validation_is: Literal["test", "validation"] = "test",
    ) -> None:
        check_left_out(leave_out, AFFECTNET.values())
        self.root = root
        self.lists = root / lists
        self.images = root / images
        self.leave_out = leave_out
        self.splits = {"train": "train", "validation": validation_is}
        self.left_out: Counter[str] = Counter()

    def problems(self) -> list[str]:
        if self._is_by_number:
            inner = [self.root / one / two for one in FOLDERS.values() for two in ("images", "annotations")]
            missing = [path for path in inner if not path.is_dir()]
        else:
            files = [self.lists / name for name in LISTS.values()]
            missing = [path for path in files if not path.is_file()]
            missing += [] if self.images.is_dir() else [self.images]
        names = ", ".join(map(str, missing))
        return [f"there is no {names}. {LAYOUT.format(root=self.root)}"] if missing else []

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        self.left_out = Counter()
        errors, samples = Problems(), []
        for part, split in self.splits.items():
            found = self._by_number(part, errors) if self._is_by_number else self._by_list(part, errors)
            for place, path, code in found:
                try:
                    if label := self._label(code):
                        _check_file(path)
                        samples.append(Sample(path, label, split=split))
                except ValueError as error:
                    errors.add(place, error)
        errors.check()
        return samples

    @property
    def _is_by_number(self) -> bool:
        return (self.root / FOLDERS["train"]).is_dir()

    def _label(self, code: str) -> str:
        """Return the label, or "" for a row that is skipped and counted. Raises ValueError."""
        label = find_label(code, AFFECTNET | AFFECTNET_NO_EXPRESSION)
        if code in AFFECTNET_NO_EXPRESSION or label in self.leave_out:
            self.left_out[f"of {label}"] += 1
            return ""
        return label

    def _by_list(self, part: str, problems: Problems) -> Iterator[tuple[str, Path, str]]:
        file = self.lists / LISTS[part]
        # The published validation.csv has no header, training.csv has one.
        columns = None if COLUMNS[0] in read_header(file) else COLUMNS
        for row in read_rows(file, (COLUMNS[0], "expression"), columns):
            yield row.place, self.images / row.cells[COLUMNS[0]], row.cells["expression"]

    def _by_number(self, part: str, problems: Problems) -> Iterator[tuple[str, Path, str]]:
        folder = self.root / FOLDERS[part]
        files = {file.name.removesuffix("_exp.npy"): file for file in folder.glob("annotations/*_exp.npy")}
        for number in sorted(files, key=lambda name: (len(name), name)):
            try:
                code = str(np.load(files[number], allow_pickle=False).item())
            except (OSError, ValueError, EOFError) as error:
                problems.add(str(files[number]), f"cannot read the label: {error}")
                continue
            yield str(files[number]), folder / "images" / f"{number}.jpg", code


def _check_file(path: Path) -> None:
    if not os.path.isfile(path):  # pathlib raises for names that are too long
        raise ValueError(f"there is no file {path}")
