"""A miniature of each data set of ferkit's own, laid out like the real one, and the options for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from ferkit.testing import LABELS, draw_face, draw_folders
from tests.plugins.test_ferkit_datasets.miniature import draw, pixels, write

Options = dict[str, Any]
SFEW_FOLDERS = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
VOTES = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def at(root: Path) -> Options:
    return {"root": str(root)}


def sfew(root: Path) -> Options:
    for number, name in enumerate(SFEW_FOLDERS):
        for turn in range(2):
            (root / name).mkdir(exist_ok=True)
            file = root / name / f"Movie_00000{number}000_0000001{turn}.png"
            Image.fromarray(draw_face(name, turn)).save(file)
    return at(root)


def sfew2(root: Path) -> Options:
    for part in ("Train", "Val"):
        (root / part).mkdir()
        sfew(root / part)
    return at(root)


def image_folder(root: Path) -> Options:
    return at(draw_folders(root, ("Angry", "happy", "neutral")))


def manifest(root: Path) -> Options:
    draw_folders(root)
    write(root / "list.csv", "path,label", *(f"{label}/{label}_0.png,{label}" for label in LABELS))
    return {"file": str(root / "list.csv")}


def affectnet(root: Path) -> Options:
    import numpy as np

    for part, number, code in (("train_set", 1, 0), ("train_set", 2, 1), ("val_set", 5, 6)):
        (root / part / "annotations").mkdir(parents=True, exist_ok=True)
        draw(root / part / "images" / f"{number}.jpg")
        np.save(root / part / "annotations" / f"{number}_exp.npy", np.array(str(code)))
    return at(root)


def ckplus(root: Path) -> Options:
    for subject, code in (("S005", 3), ("S010", 7)):
        for number in range(1, 5):
            draw(root / "cohn-kanade-images" / subject / "001" / f"{subject}_001_{number:08}.png")
        name = f"{subject}_001_00000004_emotion.txt"
        write(root / "Emotion" / subject / "001" / name, f"   {code}.0000000e+00")
    return at(root)


def expw(root: Path) -> Options:
    draw(root / "image" / "origin" / "crowd.png", side=64)
    write(root / "label" / "label.lst", "crowd.png 0 4 10 30 20 72.1 3", "crowd.png 1 30 10 60 50 72.1 6")
    return at(root)


def fer2013(root: Path) -> Options:
    rows = [f"{code},{pixels(40 * code)},{part}" for code, part in ((0, "Training"), (3, "PrivateTest"))]
    write(root / "fer2013.csv", "emotion,pixels,Usage", *rows)
    return at(root)


def ferplus(root: Path) -> Options:
    fer2013(root)
    rows = ("Training,fer0000000.png,2,7,0,0,0,0,0,1,0,0", "PrivateTest,fer0000001.png,9,0,0,1,0,0,0,0,0,0")
    write(root / "fer2013new.csv", f"Usage,Image name,{VOTES}", *rows)
    return at(root) | {"targets": "votes"}


def rafdb(root: Path) -> Options:
    names = ("train_00001", "train_00002", "test_0001")
    for name in names:
        draw(root / "Image" / "aligned" / f"{name}_aligned.jpg")
    lines = (f"{name}.jpg {code}" for code, name in enumerate(names, start=1))
    write(root / "EmoLabel" / "list_patition_label.txt", *lines)
    return at(root)


def table(root: Path) -> Options:
    draw_folders(root)
    write(root / "table.csv", "path,label", *(f"{label}/{label}_1.png,{label}" for label in LABELS))
    return {"file": str(root / "table.csv")}


LAYOUTS: tuple[Callable[[Path], Options], ...] = (
    affectnet,
    ckplus,
    expw,
    fer2013,
    ferplus,
    image_folder,
    manifest,
    rafdb,
    sfew,
    sfew2,
)
OPTIONS = {f"dataset.{layout.__name__}": layout for layout in LAYOUTS} | {"dataset.csv": table}
