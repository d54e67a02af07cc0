"""Every plugin of ferkit's own passes the checks that strangers' are to pass."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from ferkit.testing import LABELS, draw_face, draw_folders, parametrize_with_checks

SFEW_FOLDERS = {
    "Angry": "anger",
    "Disgust": "disgust",
    "Fear": "fear",
    "Happy": "happiness",
    "Neutral": "neutral",
    "Sad": "sadness",
    "Surprise": "surprise",
}


def sfew(folder: Path) -> dict[str, str]:
    for name, label in SFEW_FOLDERS.items():
        (folder / name).mkdir()
        for number in range(2):
            file = folder / name / f"Movie_00000{number}000_0000001{number}.png"
            Image.fromarray(draw_face(label, number)).save(file)
    return {"root": str(folder)}


def image_folder(folder: Path) -> dict[str, str]:
    return {"root": str(draw_folders(folder, ("Angry", "happy", "neutral")))}


def manifest(folder: Path) -> dict[str, str]:
    draw_folders(folder)
    with (folder / "list.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "label"])
        writer.writerows([f"{label}/{label}_0.png", label] for label in LABELS)
    return {"file": str(folder / "list.csv")}


SMALL_SOURCE = {"name": "synthetic", "per_class": 2, "people": 2, "image_size": 64, "labels": list(LABELS)}
SMALL_CYCLEAT = {
    "image_size": 32,
    "width": 4,
    "blocks": 1,
    "classifier": "small",
    "classifier_width": 8,
    "epochs": 1,
    "warmup_epochs": 1,
    "steps_per_epoch": 1,
    "batch_size": 4,
}
ONE_VIEW = [{"name": "lbp", "grid": 3}]
OPTIONS: dict[str, dict[str, object] | Callable[[Path], dict[str, str]]] = {
    "backbone.timm": {"model": "resnet10t"},
    "dataset.image_folder": image_folder,
    "dataset.manifest": manifest,
    "dataset.sfew": sfew,
    "dataset.synthetic": {"per_class": 2, "people": 2, "image_size": 64},
    "estimator.cycleat": {"source": SMALL_SOURCE, **SMALL_CYCLEAT},
    "estimator.ds_gplvm": {
        "descriptors": ONE_VIEW,
        "image_size": 64,
        "latent_dims": [2],
        "prior_weights": [1.0],
        "cycles": 2,
    },
    "estimator.svm": {
        "descriptors": ONE_VIEW,
        "image_size": 64,
        "C": [1.0],
        "gamma": [1.0],
        "inner_folds": 2,
    },
    "head.covpool": {"bimap": [4], "hidden": [8]},
    "head.multiscale": {"stage": "deep", "widths": [8, 4, 4]},
}


@parametrize_with_checks("ferkit", options=OPTIONS)
def test_conformance(check: Callable[[], None]) -> None:
    check()
