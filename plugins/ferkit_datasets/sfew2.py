"""SFEW 2.0 (Dhall et al. 2015): the images of the EmotiW challenge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from ferkit.plugin import DataError, Sample, is_hidden, is_image
from ferkit_datasets.sfew import FOLDERS, NAME

PARTS = {"train": "Train", "validation": "Val"}

LAYOUT = """\
Request SFEW 2.0 from its authors (A. Dhall, O. V. R. Murthy, R. Goecke, J. Joshi, T. Gedeon, "Video and
Image Based Emotion Recognition Challenges in the Wild: EmotiW 2015", ICMI 2015).
Expected layout:
    {root}/Train/Angry/*.png, {root}/Val/Angry/*.png, and Disgust, Fear, Happy, Neutral, Sad, Surprise"""


class SFEW2:
    """The labelled images of SFEW 2.0.

    Its groups are "movie" and "clip", if the file name has SFEW's form. Train and Val should share no movie.

    Args:
        root: Folder with Train and Val.
        validation_is: Split of Val. Default "test", because the labels of the test set are not public.
    """

    def __init__(self, root: Path, validation_is: Literal["test", "validation"] = "test") -> None:
        self.root = root
        self.splits = {"train": "train", "validation": validation_is}

    def problems(self) -> list[str]:
        folders = [self.root / part / name for part in PARTS.values() for name in FOLDERS]
        missing = [str(path.relative_to(self.root)) for path in folders if not path.is_dir()]
        if not missing:
            return []
        return [f"{self.root} lacks {', '.join(missing)}. {LAYOUT.format(root=self.root)}"]

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        return list(self._samples())

    def _samples(self) -> Iterator[Sample]:
        for part, split in self.splits.items():
            for folder, label in FOLDERS.items():
                for path in sorted((self.root / PARTS[part] / folder).iterdir()):
                    if is_image(path) and not is_hidden(path.name):
                        yield Sample(path, label, _groups(path.name), split)


def _groups(name: str) -> dict[str, str]:
    match = NAME.fullmatch(name)
    return {"movie": match[1], "clip": f"{match[1]}_{match[2]}"} if match else {}
