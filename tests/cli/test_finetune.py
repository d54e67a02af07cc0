"""`ferkit finetune` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from ferkit.neural.checkpoint import read_header
from ferkit.testing.drawing import draw_folders
from tests.cli.answer import Ferkit
from tests.experiment.finetune.test_plan import TINY

pytestmark = pytest.mark.slow

OPTIONS = ["--detector", "whole_image", *(word for one in TINY for word in ("--set", one))]
SMALL = [*OPTIONS, "--epochs", "2", "--set", "model.image_size=24", "--set", "fit.device=cpu"]


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))
    draw_folders(tmp_path / "faces", ("happy", "sad"), 5)
    return "faces"


def test_a_folder_becomes_a_model_with_a_report_and_a_card_that_predicts(ferkit: Ferkit, faces: str) -> None:
    answer = ferkit("finetune", faces, *SMALL)
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert lines[0] == "usable images: happiness 5, sadness 5"
    out = Path("finetune-faces")
    assert {path.name for path in out.iterdir()} == {
        "recipe.toml",
        "run",
        "faces.safetensors",
        "faces.safetensors.card.md",
        "faces.safetensors.config.json",
    }
    assert "report: finetune-faces/run/report.html" in lines
    (model,) = [line for line in lines if line.startswith("model: ")]
    assert model.startswith("model: finetune-faces/faces.safetensors (network of repeat 0, fold 0, one of 3")
    predict, report, again = (line.split("#")[0].split() for line in lines[-3:])
    assert again == ["ferkit", "run", "finetune-faces/recipe.toml"]
    image = "faces/sad/sad_0.png"
    assert ferkit(*[word.replace("PHOTO", image) for word in predict[1:]]).returncode == 0
    assert ferkit(*report[1:]).returncode == 0
    assert ferkit("check", *again[2:]).returncode == 0


def test_the_score_is_one_that_no_test_image_chose(ferkit: Ferkit, faces: str) -> None:
    answer = ferkit("finetune", faces, *SMALL, "--out", "my faces")
    assert answer.returncode == 0
    resumed = "If interrupted, resume with: ferkit run 'my faces/recipe.toml' --out 'my faces/run' --resume"
    assert resumed in answer.stdout.splitlines()
    summary = json.loads(Path("my faces/run/summary.json").read_text())
    assert [one["selected_on_test"] for one in summary["scores"].values()] == [False]
    (score,) = summary["scores"].values()
    data = ModelCard.load("my faces/faces.safetensors.card.md").data
    assert data.eval_results[0].metric_value == pytest.approx(score["accuracy"], abs=5e-5)


def test_a_model_of_some_classes_becomes_one_of_others(ferkit: Ferkit, faces: str) -> None:
    first = ferkit("finetune", faces, *SMALL)
    assert first.returncode == 0
    draw_folders(Path("others"), ("left", "right", "happy"), 5)
    answer = ferkit("finetune", "others", *SMALL, "--from", "finetune-faces/run")
    assert (answer.returncode, answer.stderr) == (0, "")
    told = answer.stdout.splitlines()[1]
    network = "finetune-faces/run/folds/repeat0_fold0/model.safetensors"
    assert told.startswith(f"backbone: initialised from {network}; the head is new")
    card = Path("finetune-others/others.safetensors.card.md").read_text()
    assert "happiness, left, right" in card
    assert "| model.initial | an earlier run; only its backbone is used |" in card
    made = "finetune-others/others.safetensors"
    further = ferkit("finetune", "others", *SMALL, "--from", made, "--out", "on")
    assert further.returncode == 0
    assert f"network: initialised from {made}" in further.stdout.splitlines()


def test_a_dry_run_writes_the_recipe_and_says_how_to_run_it(ferkit: Ferkit, faces: str) -> None:
    answer = ferkit("finetune", faces, *OPTIONS, "--dry-run", "--out", "my faces")
    assert answer.returncode == 0
    assert answer.stdout.endswith("Dry run: nothing was trained. Next: ferkit run 'my faces/recipe.toml'\n")
    assert [path.name for path in Path("my faces").iterdir()] == ["recipe.toml"]


@pytest.mark.parametrize(
    ("typed", "status", "message"),
    [
        (["nowhere"], 1, "nowhere does not exist"),
        (["faces", "--epochs", "0"], 2, "Invalid value for '--epochs'"),
        (["faces", "--out", "faces"], 1, "faces exists already"),
        (["faces/sad"], 2, "two classes"),
    ],
)
def test_bad_input_is_a_sentence_and_a_status(
    ferkit: Ferkit, faces: str, typed: list[str], status: int, message: str
) -> None:
    answer = ferkit("finetune", *typed)
    assert answer.returncode == status
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_class_of_one_image_is_named(ferkit: Ferkit, faces: str) -> None:
    draw_folders(Path(faces), ("angry",), 1)
    answer = ferkit("finetune", faces, *OPTIONS)
    assert answer.returncode == 1
    assert "class 'anger' has 1 usable image" in answer.stderr
    assert not Path("finetune-faces").exists()


def test_with_refit_the_exported_model_was_trained_on_all_images(ferkit: Ferkit, faces: str) -> None:
    answer = ferkit("finetune", faces, *SMALL, "--refit", "--set", "protocol.repeats=1", "--out", "all")
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert "model: all/faces.safetensors (refit network, trained on all images of the run)" in lines
    assert lines[-1].split("#")[0].split() == ["ferkit", "run", "all/recipe.toml", "--refit"]
    assert sum(line.startswith("refit on all 10 images, epoch ") for line in lines) >= 1
    assert any(line.startswith("Refit: one network was trained on all 10 images") for line in lines)
    assert len(read_header(Path("all/faces.safetensors")).trained_on) == 10
    card = Path("all/faces.safetensors.card.md").read_text()
    assert "no score of its own" in card
    told = ferkit("predict", "faces/sad/sad_0.png", "--model", "all/run")
    assert "refit network" in told.stderr
    told = ferkit("evaluate", "all/run", "faces")
    assert "trained on 10 of 10 images" in told.stdout
    again = ferkit("export", "all/faces.safetensors", "--out", "again.safetensors")
    assert again.returncode == 0
    assert "no score of its own" in Path("again.safetensors.card.md").read_text()


def test_a_dry_run_with_refit_names_the_option(ferkit: Ferkit, faces: str) -> None:
    answer = ferkit("finetune", faces, *SMALL, "--refit", "--dry-run")
    last = answer.stdout.splitlines()[-1]
    assert last.endswith("Next: ferkit run finetune-faces/recipe.toml --refit")
