"""The recipes default_model and default_teacher, run for a few steps on a drawn FER+."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from ferkit_datasets.labels import FERPLUS
from ferkit_datasets.votes import CHOICES
from PIL import Image

from ferkit.data.faces import find_faces
from ferkit.experiment.run import RunRequest, read_samples, run
from ferkit.neural.batches import soft_targets
from ferkit.neural.build import build_model
from ferkit.recipe.load import load_recipe
from ferkit.testing import draw_face

pytestmark = pytest.mark.slow

SEVEN = sorted(set(FERPLUS) - {"contempt"})
PARTS = {
    "Training": ("FER2013Train", 4),
    "PublicTest": ("FER2013Valid", 2),
    "PrivateTest": ("FER2013Test", 2),
}
"""Usage -> FER+'s folder, and faces of each class in it."""
LARGEST = 8_000_000
"""Bytes that the default model may have in the wheel."""
BRIEF = ["fit.epochs=2", "fit.batch_size=4", "fit.device=cpu", "model.image_size=80"]
"""As many steps as a warm-up needs."""
RECIPES = {
    "default_teacher": ["model.backbone.weights=none"],
    "default_model": [],
}


@pytest.fixture
def ferplus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Grey faces of 48 pixels in the folders of FER+'s own program, one of them in two parts."""
    monkeypatch.setenv("FERKIT_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root, rows = tmp_path / "ferplus", []
    for usage, (folder, per_class) in PARTS.items():
        (root / folder).mkdir(parents=True)
        for label in FERPLUS:
            for _ in range(per_class):
                name = f"fer{len(rows):07}.png"
                drawn = draw_face(label, len(rows), side=48)
                Image.fromarray(drawn).convert("L").save(root / folder / name)
                votes = dict.fromkeys(CHOICES, 0) | {"sadness": 3}
                rows.append([usage, name, *(votes | {label: 7}).values()])
    copied = (root / "FER2013Test" / rows[-2 * len(FERPLUS)][1]).read_bytes()
    (root / "FER2013Train" / "fer0000000.png").write_bytes(copied)
    with (root / "fer2013new.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["Usage", "Image name", *CHOICES], *rows])
    return root


def teach(root: Path) -> Path:
    """A table as `ferkit predict` writes it, of the training images: sure that all of them are happy."""
    file = root / "teacher.csv"
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["file", "face", *(f"p_{label}" for label in SEVEN)])
        shares = [1.0 if label == "happiness" else 0.0 for label in SEVEN]
        writer.writerows([str(one), 0, *shares] for one in sorted((root / "FER2013Train").iterdir()))
    return file


@pytest.mark.parametrize("name", RECIPES)
def test_it_has_no_problem_where_its_data_are(ferplus: Path, name: str) -> None:
    recipe, _ = load_recipe(name)
    assert recipe.name == name


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_it_runs_on_a_small_ferplus(ferplus: Path, tmp_path: Path, name: str) -> None:
    recipe, registry = load_recipe(name, [*BRIEF, *RECIPES[name]])
    run(RunRequest(recipe, registry, tmp_path / "run"))
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["status"], summary["labels"]) == ("complete", SEVEN)
    assert summary["protocol"]["name"] == "holdout"
    assert any("pixel-for-pixel duplicate of another: 1 of test images" in one for one in summary["warnings"])
    assert summary["data"]["images"] == 7 * 8
    (test,) = (tmp_path / "run").glob("folds/*/predictions_test.csv")
    assert len(test.read_text().splitlines()) == 1 + 7 * 2


def test_the_default_model_is_distilled_from_a_teacher(ferplus: Path, tmp_path: Path) -> None:
    recipe, registry = load_recipe("default_model", [*BRIEF, f"data.teacher={teach(ferplus)}"])
    samples, labels, _ = read_samples(RunRequest(recipe, registry, tmp_path / "run"))
    faces = find_faces(recipe.detector, recipe.faces, registry, samples).faces
    shares = soft_targets([face.sample for face in faces], labels)
    assert shares is not None
    anger = next(place for place, face in enumerate(faces) if face.sample.label == "anger")
    found = dict(zip(labels, shares[anger].tolist(), strict=True))
    # A half of 0.7 and one of 1.0 would make it happy: the teacher's weight is lowered until anger leads.
    assert found["anger"] == pytest.approx(found["happiness"] + 0.01, abs=1e-6)
    assert sum(found.values()) == pytest.approx(1)


def test_the_default_model_fits_into_the_wheel(ferplus: Path) -> None:
    recipe, registry = load_recipe("default_model")
    tensors = build_model(recipe.model, registry, SEVEN).state_dict().values()
    assert sum(2 * tensor.numel() for tensor in tensors) < LARGEST


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_trained_on_grey_faces_is_shown_grey_ones(ferplus: Path, name: str) -> None:
    assert load_recipe(name)[0].model.color == "grey"
