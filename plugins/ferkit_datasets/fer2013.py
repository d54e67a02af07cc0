"""FER2013 (Goodfellow et al. 2013)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ferkit.plugin import DataError, Sample, is_hidden, is_image
from ferkit_datasets.cached_images import draw_pixels
from ferkit_datasets.labels import FER2013 as CODES
from ferkit_datasets.labels import FER2013_FOLDERS, find_label
from ferkit_datasets.rows import Faults, Row, check_columns, read_header, read_rows

COLUMNS = ("emotion", "pixels", "Usage")
SPLITS = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}

LAYOUT = """\
FER2013 is Kaggle's "Challenges in Representation Learning: Facial Expression Recognition Challenge"
(Goodfellow et al. 2013):
https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge
How its folder must look:
    {root}/fer2013.csv                      columns emotion, pixels, Usage
or  {root}/train/angry/*.jpg, {root}/test/angry/*.jpg, and disgust, fear, happy, neutral, sad, surprise"""


class FER2013:
    """35,887 grey faces of 48 by 48 pixels.

    root: the folder with the CSV file or, if there is none, with the folders train and test. file: the CSV
    file's name; the challenge's own icml_face_data.csv has the same columns. The CSV's images are drawn into
    ferkit's cache, once. Training is "train", PublicTest "validation" and PrivateTest "test"; in folders the
    files' names tell the last two apart, and all are "test" where they do not.
    """

    def __init__(self, root: Path, file: str = "fer2013.csv") -> None:
        self.root = root
        self.file = root / file

    def problems(self) -> list[str]:
        if self.file.is_file():
            return _column_problems(self.file)
        layout = LAYOUT.format(root=self.root)
        folders = [f"{part}/{name}" for part in ("train", "test") for name in FER2013_FOLDERS]
        missing = [name for name in folders if not (self.root / name).is_dir()]
        if len(missing) == len(folders):
            return [f"there is no {self.file}, and no folders train and test beside it. {layout}"]
        return [f"{self.root} lacks {', '.join(missing)}. {layout}"] if missing else []

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        return self._from_csv() if self.file.is_file() else list(self._from_folders())

    def _from_csv(self) -> list[Sample]:
        problems, samples = Faults(), []
        for row in read_rows(self.file, COLUMNS):
            try:
                label = find_label(row.cells["emotion"], CODES)
                samples.append(Sample(draw_row(row), label, split=find_split(row)))
            except ValueError as error:
                problems.add(row.place, error)
        problems.check()
        return samples

    def _from_folders(self) -> Iterator[Sample]:
        for part in ("train", "test"):
            for folder, label in FER2013_FOLDERS.items():
                for path in sorted((self.root / part / folder).iterdir()):
                    if is_image(path) and not is_hidden(path.name):
                        usage = path.name.partition("_")[0]
                        yield Sample(path, label, split=SPLITS.get(usage, part) if part == "test" else part)


def _column_problems(file: Path) -> list[str]:
    try:
        check_columns(file, read_header(file), COLUMNS)
    except DataError as error:
        return [f"{error}. Expected FER2013's emotion, pixels, Usage"]
    return []


def draw_row(row: Row) -> Path:
    """The file of a row's image. Raises ValueError where its pixels are none."""
    return draw_pixels(row.cells["pixels"], row.number)


def find_split(row: Row) -> str:
    """Raises ValueError where the row's Usage is none of FER2013's."""
    usage = row.cells["Usage"]
    if usage not in SPLITS:
        raise ValueError(f"the Usage is {usage!r}; expected one of {', '.join(SPLITS)}")
    return SPLITS[usage]
