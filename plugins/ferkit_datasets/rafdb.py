"""RAF-DB, single labels (Li, Deng and Du 2017)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ferkit.plugin import DataError, Sample
from ferkit_datasets.labels import RAFDB as CODES
from ferkit_datasets.labels import find_label
from ferkit_datasets.rows import Problems, Row, read_list

LIST = "EmoLabel/list_patition_label.txt"  # the data set's spelling

LAYOUT = """\
Request RAF-DB from its authors (S. Li, W. Deng, J. Du, "Reliable Crowdsourcing and Deep Locality-Preserving
Learning for Expression Recognition in the Wild", CVPR 2017): http://www.whdeng.cn/RAF/model1.html
Expected layout of its folder "basic":
    {root}/EmoLabel/list_patition_label.txt          train_00001.jpg 5
    {root}/Image/aligned/train_00001_aligned.jpg     or Image/original/train_00001.jpg"""


class RAFDB:
    """15,339 images with a single label, in the splits "train" and "test" given by their file names.

    Args:
        root: RAF-DB's folder "basic".
        images: "aligned" has faces of 100 by 100 pixels and needs no detector. "original" has whole images.
    """

    def __init__(self, root: Path, images: Literal["aligned", "original"] = "aligned") -> None:
        self.root = root
        self.images = images

    def problems(self) -> list[str]:
        folder = self.root / "Image" / self.images
        there = {self.root / LIST: (self.root / LIST).is_file(), folder: folder.is_dir()}
        missing = " and no ".join(str(path) for path, is_there in there.items() if not is_there)
        return [f"there is no {missing}. {LAYOUT.format(root=self.root)}"] if missing else []

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        errors, samples = Problems(), []
        for row in read_list(self.root / LIST, ("name", "code")):
            try:
                samples.append(self._sample(row))
            except ValueError as error:
                errors.add(row.place, error)
        errors.check()
        return samples

    def _sample(self, row: Row) -> Sample:
        name = row.cells["name"]
        part = name.partition("_")[0]
        if part not in ("train", "test"):
            raise ValueError(f"the name is {name!r}; expected train_NUMBER.jpg or test_NUMBER.jpg")
        stem = Path(name).stem
        file = f"{stem}_aligned.jpg" if self.images == "aligned" else name
        path = self.root / "Image" / self.images / file
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        return Sample(path, find_label(row.cells["code"], CODES), split=part)
