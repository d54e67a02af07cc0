"""SFEW as the paper uses it: seven class folders of movie frames."""

from __future__ import annotations

import re
from pathlib import Path

from ferkit.plugin import DataError, Sample

FOLDERS = {
    "Angry": "anger",
    "Disgust": "disgust",
    "Fear": "fear",
    "Happy": "happiness",
    "Neutral": "neutral",
    "Sad": "sadness",
    "Surprise": "surprise",
}
# A title may have underscores. Some names have a hyphen before the time or two underscores after it.
NAME = re.compile(r"(.+?)[_-](\d{9})_+(\d+)\.png")

LAYOUT = """\
Request SFEW from its authors (Dhall, Goecke, Lucey, Gedeon: "Static Facial Expression Analysis in Tough
Conditions: Data, Evaluation Protocol and Benchmark", ICCV Workshops 2011). Expected layout:
    {root}/Angry/MovieTitle_001234567_00000012.png    (movie, time, frame; 720 by 576 pixels)
    {root}/Disgust/, Fear/, Happy/, Neutral/, Sad/, Surprise/
To run the recipe on drawn faces without SFEW: ferkit run RECIPE --demo"""


class SFEW:
    """The 675 images of SFEW: 75 of disgust, 100 of each other class.

    Its groups are "movie" (the title) and "clip" (title and time). Frames of one clip are nearly identical.

    Args:
        root: Folder with the seven class folders.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def problems(self) -> list[str]:
        if not self.root.is_dir():
            return [f"there is no folder {self.root}. {LAYOUT.format(root=self.root)}"]
        missing = [name for name in FOLDERS if not any((self.root / name).glob("*.png"))]
        if not missing:
            return []
        return [f"{self.root} has no images in {', '.join(missing)}. {LAYOUT.format(root=self.root)}"]

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        return [
            _sample(path, label)
            for folder, label in FOLDERS.items()
            for path in sorted((self.root / folder).glob("*.png"))
            if not path.name.startswith(".")
        ]


def _sample(path: Path, label: str) -> Sample:
    match = NAME.fullmatch(path.name)
    if not match:
        raise DataError(
            f"{path}: expected a name like MovieTitle_001234567_00000012.png (movie, time of nine digits, "
            "frame). Rename the file or remove it from the folder."
        )
    title, time, _ = match.groups()
    return Sample(path, label, {"movie": title, "clip": f"{title}_{time}"})
