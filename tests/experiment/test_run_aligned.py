"""A run on aligned faces: refused without landmarks, resumable, and evaluated with the same crops."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ferkit.assess.evaluate import evaluate
from ferkit.errors import DataError, RecipeError
from ferkit.experiment.run import RunRequest, run
from ferkit.predict.model.from_run import open_run
from ferkit.recipe.load import load_recipe
from tests.experiment.test_run import Interrupted, results
from tests.predict.drawn import PLUGIN, picture

RECIPE = """
name = "aligned"
plugins = ["{plugin}"]

[data]
name = "image_folder"
root = "{root}"

[detector]
name = "spots"

[faces]
align = "similarity"
template = [[0.2, 0.2], [0.3, 0.3], [0.4, 0.4], [0.5, 0.5], [0.6, 0.6]]
size = 28
padding = 0.1

[model]
image_size = 24
backbone = {{ name = "small" }}
head = {{ name = "linear" }}

[fit]
epochs = 2
batch_size = 4
device = "cpu"
precision = "float32"

[protocol]
name = "paper"
repeats = 1
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_modules_of_other_tests: None) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for place, label in enumerate(("anger", "happiness")):
        for number in range(8):
            folder = tmp_path / "images" / label
            folder.mkdir(parents=True, exist_ok=True)
            pixels = picture((5 + 4 * number, 6 + 3 * number), width=96 + 40 * place)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    file = tmp_path / "aligned.toml"
    file.write_text(RECIPE.format(plugin=PLUGIN, root=tmp_path / "images"))
    return file


def test_a_run_on_aligned_faces_resumes_to_the_same_numbers(recipe: Path, tmp_path: Path) -> None:
    checked, registry = load_recipe(str(recipe))
    run(RunRequest(checked, registry, tmp_path / "whole"))
    with pytest.raises(KeyboardInterrupt):
        run(RunRequest(checked, registry, tmp_path / "stopped"), Interrupted(2))
    run(RunRequest(checked, registry, tmp_path / "stopped", True))
    assert results(tmp_path / "stopped") == results(tmp_path / "whole")
    assert open_run(tmp_path / "whole").description.faces.size == 28
    found = evaluate(tmp_path / "whole", str(tmp_path / "images"), device="cpu")
    assert len(found.predictions) == 16


def test_every_face_is_aligned_in_training(recipe: Path, tmp_path: Path) -> None:
    """Spots at other places of other images give the same aligned face."""
    checked, registry = load_recipe(str(recipe), ['faces.duplicates="drop"'])
    with pytest.raises(DataError, match="its face equals"):
        run(RunRequest(checked, registry, tmp_path / "run"))


@pytest.mark.parametrize("align", ["similarity", "none"])
def test_a_detector_without_landmarks_is_refused_by_the_check(recipe: Path, align: str) -> None:
    overrides = ['detector.name="whole_image"', f'faces.align="{align}"']
    if align == "none":
        load_recipe(str(recipe), overrides)
        return
    with pytest.raises(RecipeError, match=r"(?s)faces\.align.*whole_image.*: .*mtcnn"):
        load_recipe(str(recipe), overrides)
