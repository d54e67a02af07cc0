"""FER2013 (Goodfellow et al. 2013)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ferkit.plugin import DataError, Sample, is_hidden, is_image
from ferkit_datasets.cached_images import draw_pixels
from ferkit_datasets.labels import FER2013 as CODES
from ferkit_datasets.labels import FER2013_FOLDERS, find_label
from ferkit_datasets.rows import Problems, Row, check_columns, read_header, read_rows

COLUMNS = ("emotion", "pixels", "Usage")
SPLITS = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}

LAYOUT = """\
Download FER2013 from Kaggle, "Challenges in Representation Learning: Facial Expression Recognition
Challenge" (Goodfellow et al. 2013):
https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge
Expected layout:
    {root}/fer2013.csv                      columns emotion, pixels, Usage
or  {root}/train/angry/*.jpg, {root}/test/angry/*.jpg, and disgust, fear, happy, neutral, sad, surprise"""


class FER2013:
    """35,887 grey faces of 48 by 48 pixels.

    Images of the CSV file are written into the cache once. Splits: Training is "train", PublicTest is
    "validation", PrivateTest is "test". In the folder layout, file names distinguish PublicTest and
    PrivateTest. Test images with other names are "test".

    Args:
        root: Folder with the CSV file or, without one, with the folders train and test.
        file: Name of the CSV file. The challenge's icml_face_data.csv has the same columns.
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
            return [f"there is no {self.file}, and no folders train and test next to it. {layout}"]
        return [f"{self.root} lacks {', '.join(missing)}. {layout}"] if missing else []

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        return self._from_csv() if self.file.is_file() else list(self._from_folders())

    def _from_csv(self) -> list[Sample]:
        problems, samples = Problems(), []
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
        return [f"{error}. Expected FER2013's columns emotion, pixels, Usage."]
    return []


def draw_row(row: Row) -> Path:
    """Return the image file of a row. Raises ValueError for invalid pixels."""
    return draw_pixels(row.cells["pixels"], row.number)


def find_split(row: Row) -> str:
    """Return the split of a row's Usage. Raises ValueError for an unknown Usage."""
    usage = row.cells["Usage"]
    if usage not in SPLITS:
        raise ValueError(f"the Usage is {usage!r}; expected one of {', '.join(SPLITS)}")
    return SPLITS[usage]
