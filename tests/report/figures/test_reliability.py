from __future__ import annotations

import numpy as np
import pytest

from ferkit.evaluation.metrics.calibration import reliability
from ferkit.report.figures.class_bars import draw_class_bars
from ferkit.report.figures.reliability import draw_reliability

PROBABILITIES = np.array([[0.9, 0.1], [0.88, 0.12], [0.4, 0.6], [0.55, 0.45]])
TRUE = np.array([0, 1, 1, 1])


def test_a_bar_for_each_bin_is_as_high_as_the_share_that_is_right() -> None:
    upper, lower = draw_reliability(reliability(TRUE, PROBABILITIES), "Last epoch").axes
    assert [bar.get_height() for bar in upper.patches] == [0.5, 0.5]  # 0.53..0.6, 0.87..0.93
    assert [bar.get_height() for bar in lower.patches] == [2, 2]
    centres = [bar.get_x() + bar.get_width() / 2 for bar in upper.patches]
    assert centres == pytest.approx([17 / 30, 27 / 30])
    diagonal, dots = upper.lines
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 1]
    assert dots.get_xdata() == pytest.approx([0.575, 0.89])


def test_each_class_has_a_bar_for_recall_and_one_for_precision() -> None:
    classes = [
        {"label": "anger", "recall": 1.0, "precision": 0.5},
        {"label": "fear", "recall": 0.25, "precision": 0.75},
    ]
    (axes,) = draw_class_bars(classes, "Last epoch").axes
    assert [bar.get_width() for bar in axes.patches] == [100, 25, 50, 75]
    assert [text.get_text() for text in axes.texts] == ["100", "25", "50", "75"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["anger", "fear"]
