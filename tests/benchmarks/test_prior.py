"""benchmarks.prior: answers of the bundled model with other adjustments for the prior."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from ferkit_outputs.logit_adjustment import LogitAdjustmentOutput

from benchmarks import prior

LOGITS = torch.randn(200, 7, generator=torch.Generator().manual_seed(0)) * 3


def adjust(model: prior.Adjusted, further: float, neutral: float) -> torch.Tensor:
    shares = dict(zip(model.labels, np.exp(model.log_prior).tolist(), strict=True))
    output = LogitAdjustmentOutput(model.labels, None, shares, 0.5, "training", further, {"neutral": neutral})
    adjusted: torch.Tensor = output.eval()(LOGITS)
    return adjusted


def write(folder: Path, model: prior.Adjusted, lost: int) -> None:
    """Write predictions whose labels are those of further = 0.5 and a bias of -1. The last faces are lost."""
    given = (adjust(model, model.further, model.neutral) / model.temperature).softmax(dim=1)
    truth = adjust(model, 0.5, -1.0).argmax(dim=1)
    folder.mkdir()
    with (folder / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", *(f"p_{label}" for label in model.labels)])
        for place, (label, row) in enumerate(zip(truth.tolist(), given.tolist(), strict=True)):
            cells = [""] * 7 if place >= len(LOGITS) - lost else row
            writer.writerow([f"{place}.png", model.labels[label], *cells])


def test_the_answers_are_those_of_a_network_with_the_other_adjustment(tmp_path: Path) -> None:
    model = prior.read_bundled()
    assert (model.further, model.neutral) == (0.25, -0.5)
    write(tmp_path / "scores", model, lost=20)
    answers = prior.read_answers(tmp_path / "scores", model)
    assert answers.score(model.change(0.5, -1.0))[0] == 0.9
    assert answers.score(model.change(model.further, model.neutral))[0] < 0.9


def test_labels_that_did_not_compete_are_never_the_answer(tmp_path: Path) -> None:
    model = prior.read_bundled()
    (tmp_path / "predictions.csv").write_text(
        "path,label,p_happiness,p_neutral\na.jpg,happiness,0.4,0.6\nb.jpg,happiness,,\n", encoding="utf-8"
    )
    answers = prior.read_answers(tmp_path, model)
    assert answers.score(model.change(0.25, -0.5))[0] == 0
    assert answers.score(model.change(0.25, -1.0))[0] == 0.5
    assert answers.score(model.change(1.0, -1.0))[0] == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "no file .*predictions.csv"), ("path,label\n", "no rows"), ("path,label\na.jpg,joy\n", "'joy'")],
)
def test_a_folder_without_usable_predictions_is_named(text: str | None, message: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "predictions.csv").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=message):
        prior.main([str(tmp_path)])


def test_the_table_has_a_line_for_each_setting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "scores", prior.read_bundled(), lost=0)
    prior.main([str(tmp_path / "scores"), "--further", "0.25,0.5", "--neutral=-0.5,-1"])
    lines = [line for line in capsys.readouterr().out.splitlines() if "scores" in line]
    assert len(lines) == 4
    assert "100.0" in lines[3]
