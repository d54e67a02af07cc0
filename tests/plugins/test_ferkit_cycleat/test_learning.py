"""Adaptation to a target that a classifier of the source does not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plugins.test_ferkit_cycleat.domains import LABELS, hide_labels, make_estimator, make_faces

pytestmark = pytest.mark.slow

LONG: dict[str, Any] = {
    "width": 6,
    "classifier_width": 8,
    "epochs": 6,
    "warmup_epochs": 4,
    "steps_per_epoch": 20,
    "batch_size": 16,
    "lr": 2e-3,
    "classifier_lr": 2e-3,
    "attention_weight": 30.0,  # maps of 2×2 at 16 pixels
    "pictures_every": 100,
}


def accuracy_on_target(state: Path, **options: Any) -> float:
    estimator = make_estimator(state, make_faces(40), seed=4, **{**LONG, **options})
    list(estimator.fit(hide_labels(make_faces(40, is_target=True)), []))
    tested = make_faces(60, is_target=True)[30:]
    predicted = [LABELS[place] for place in estimator.predict(tested).argmax(axis=1)]
    return float(np.mean([guess == face.sample.label for guess, face in zip(predicted, tested, strict=True)]))


@pytest.mark.parametrize("options", [{"mode": "gan"}, {}, {"attention": "grad_cam"}])
def test_adaptation_learns_a_target_whose_labels_it_never_saw(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    alone = accuracy_on_target(tmp_path / "alone.pt", mode="source_only")
    adapted = accuracy_on_target(tmp_path / "adapted.pt", **options)
    assert adapted > max(2 / len(LABELS), alone)
