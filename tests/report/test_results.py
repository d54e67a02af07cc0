from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ferkit.errors import RunError
from ferkit.report.results import Predictions, read_metrics, read_predictions, read_summary

LABELS = ("anger", "fear", "neutral")
TRUTH = ("anger", "anger", "fear", "neutral", "neutral", "neutral")
PREDICTED = ("anger", "fear", "fear", "anger", "neutral", "neutral")


def test_confusion_has_the_true_class_in_rows_and_the_labels_order() -> None:
    counts = Predictions(LABELS, TRUTH, PREDICTED).confusion()
    assert np.array_equal(counts, [[1, 1, 0], [0, 1, 0], [1, 0, 2]])
    turned = Predictions(LABELS[::-1], TRUTH, PREDICTED).confusion()
    assert np.array_equal(turned, counts[::-1, ::-1])


def test_class_scores_are_shares_of_the_true_and_of_the_predicted() -> None:
    anger, fear, neutral = Predictions(LABELS, TRUTH, PREDICTED).class_scores()
    assert (anger.recall, anger.precision, anger.images) == (0.5, 0.5, 2)
    assert (fear.recall, fear.precision, fear.images) == (1.0, 0.5, 1)
    assert (neutral.recall, neutral.precision, neutral.images) == (pytest.approx(2 / 3), 1.0, 3)


def test_a_class_that_is_never_predicted_has_precision_0() -> None:
    scores = Predictions(LABELS, ("anger", "fear"), ("anger", "anger")).class_scores()
    assert [one.precision for one in scores] == [0.5, 0.0, 0.0]


def test_predictions_of_all_cells_are_put_together(tmp_path: Path) -> None:
    for cell, row in (("repeat0_fold0", "a.png,anger,fear"), ("repeat0_fold1", "b.png,fear,fear")):
        (tmp_path / "cells" / cell).mkdir(parents=True)
        (tmp_path / "cells" / cell / "predictions_best.csv").write_text(f"path,label,predicted\n{row}\n")
    read = read_predictions(tmp_path, "best", LABELS)
    assert (read.truth, read.predicted) == (["anger", "fear"], ["fear", "fear"])
    with pytest.raises(RunError, match=r"repeat0_fold0/predictions_last\.csv can't be read"):
        read_predictions(tmp_path, "last", LABELS)


def test_an_unfinished_run_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"summary\.json is missing: the run is not finished.*--resume"):
        read_summary(tmp_path)


@pytest.mark.parametrize(("text", "problem"), [("{", "can't be read"), ("[]", "holds no JSON object")])
def test_a_broken_summary_is_named(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(RunError, match=problem):
        read_summary(tmp_path)


def test_broken_metrics_are_named(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"epoch": 1}\n{"epo')
    with pytest.raises(RunError, match=r"metrics\.jsonl can't be read"):
        read_metrics(tmp_path)
