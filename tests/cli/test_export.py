"""`ferkit export` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.answer import Ferkit
from tests.predict.drawn import write_model, write_picture
from tests.predict.trained import train_squares


@pytest.mark.parametrize(("suffix", "temperature"), [("onnx", 1.5), ("safetensors", 1.0)])
def test_what_was_written_is_told_and_predicts(
    ferkit: Ferkit, tmp_path: Path, suffix: str, temperature: float
) -> None:
    model = write_model(tmp_path / "m.safetensors", source="drawn", temperature=temperature)
    out = tmp_path / f"model.{suffix}"
    answer = ferkit("export", str(model), "--out", str(out))
    assert (answer.returncode, answer.stderr) == (0, "")
    first, labels, scaled, given, checked, card, config = answer.stdout.splitlines()
    assert first.startswith(f"{out}: drawn, 0.")
    assert labels == "labels: anger, happiness, neutral"
    assert scaled == f"temperature: {'1.500' if temperature == 1.5 else 'none fitted'}"
    assert given == "input: 24 x 24 pixel faces, normalised as facenet, detected by spots"
    assert checked.startswith("checked: probabilities of 4 face images are within ")
    assert card == f"card: {out}.card.md"
    assert config == f"config: {out}.config.json"
    assert json.loads((tmp_path / f"model.{suffix}.config.json").read_text())["image_size"] == 24
    assert (tmp_path / f"model.{suffix}.card.md").read_text().startswith("---\n")
    file = write_picture(tmp_path / "a.png", (5, 5))
    assert ferkit("predict", str(file), "--model", str(out)).returncode == 0


def test_another_suffix_is_refused_with_those_there_are(ferkit: Ferkit, tmp_path: Path) -> None:
    model = write_model(tmp_path / "m.safetensors")
    answer = ferkit("export", str(model), "--out", str(tmp_path / "model.h5"))
    assert answer.returncode == 1
    assert "expected a file that ends in .safetensors, .onnx, .pt2" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_licence_that_is_given_stands_in_the_card(ferkit: Ferkit, tmp_path: Path) -> None:
    model = write_model(tmp_path / "m.safetensors")
    typed = ["export", str(model), "--out", str(tmp_path / "n.safetensors"), "--license", "mit"]
    assert ferkit(*typed).returncode == 0
    assert "\nlicense: mit\n" in (tmp_path / "n.safetensors.card.md").read_text()


@pytest.mark.parametrize("command", ["export", "predict", "evaluate"])
def test_a_fold_that_is_none_is_refused_with_those_there_are(
    ferkit: Ferkit, tmp_path: Path, command: str
) -> None:
    model = str(write_model(tmp_path / "m.safetensors"))
    typed = {
        "export": [model, "--out", str(tmp_path / "n.onnx")],
        "predict": [str(tmp_path / "a.png"), "--model", model],
        "evaluate": [model, str(tmp_path)],
    }[command]
    for fold in ("every", "-1", "0.5", ""):
        answer = ferkit(command, *typed, "--fold", fold)
        assert answer.returncode == 2
        assert "expected a number from 0, all or refit" in answer.stderr
    answer = ferkit(command, *typed, "--fold", "all")
    assert answer.returncode != 0
    assert "Traceback" not in answer.stderr


def test_all_folds_of_a_run_are_one_graph(ferkit: Ferkit, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    run = train_squares(tmp_path, ["fit.epochs=1", "protocol.repeats=1"])
    out = tmp_path / "all.onnx"
    answer = ferkit("export", str(run), "--fold", "all", "--out", str(out))
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith(f"{out}: squares, mean of the 2 folds of repeat 0, ")
    file = str(write_picture(tmp_path / "a.png", (5, 5)))
    rows = []
    for model, fold in ((run, ("--fold", "all")), (out, ())):
        told = ferkit("predict", file, "--model", str(model), *fold, "--format", "jsonl")
        assert told.returncode == 0, told.stderr
        assert "mean of the 2 folds of repeat 0" in told.stderr
        rows.append(json.loads(told.stdout)["probabilities"])
    assert rows[0] == pytest.approx(rows[1], abs=1e-6)
