from __future__ import annotations

from typing import Any

import pytest

from ferkit.report.figures.curves import courses, draw_curves, name_monitored, tell_curves

METRICS = [
    {"repeat": 0, "fold": fold, "epoch": epoch, "train_loss": 2 / epoch, "validation_loss": 3 / epoch}
    | {"train_accuracy": 0.2 * epoch, "accuracy": 0.1 * epoch + 0.1 * fold}
    for fold in (1, 0)
    for epoch in (3, 1, 2)
]
GRID = [
    {**row, "candidate": candidate, "watched": "validation", "accuracy": 0.1 * row["epoch"] * (candidate + 1)}
    for row in METRICS
    for candidate in range(2)
]


def named(lines: list[Any]) -> dict[str, Any]:
    return {line.get_label(): line for line in lines if not line.get_label().startswith("_")}


def test_courses_are_by_fold_and_in_the_epochs_order() -> None:
    found = courses(METRICS, "accuracy", 100)
    assert found == {None: [pytest.approx([10, 20, 30]), pytest.approx([20, 30, 40])]}


def test_candidates_of_one_fold_are_not_mixed_up() -> None:
    found = courses(GRID, "accuracy", 100)
    assert found == {0: [pytest.approx([10, 20, 30])] * 2, 1: [pytest.approx([20, 40, 60])] * 2}


def test_curves_have_a_line_for_each_fold_and_their_mean() -> None:
    (axes,) = draw_curves(METRICS, "accuracy").axes
    assert len(axes.lines) == 2 * (2 + 1)
    assert set(named(axes.lines)) == {"training", "test"}
    assert named(axes.lines)["test"].get_ydata() == pytest.approx([15, 25, 35])
    assert list(named(axes.lines)["test"].get_xdata()) == [1, 2, 3]


def test_of_a_grid_each_candidate_has_its_mean() -> None:
    (axes,) = draw_curves(GRID, "accuracy").axes
    lines = named(axes.lines)
    assert set(lines) == {"1, training", "1, validation", "2, training", "2, validation"}
    assert lines["2, validation"].get_ydata() == pytest.approx([20, 40, 60])
    assert lines["1, validation"].get_color() == lines["1, training"].get_color()
    assert lines["1, validation"].get_color() != lines["2, validation"].get_color()


def test_a_large_grid_has_a_colour_for_each_candidate() -> None:
    rows = [{**METRICS[0], "candidate": candidate, "epoch": 1} for candidate in range(12)]
    (axes,) = draw_curves(rows, "loss").axes
    colours = {tuple(line.get_color()) for line in axes.lines}
    assert len(colours) == 12


def test_folds_that_stopped_at_different_epochs_are_averaged_as_far_as_all_went() -> None:
    shorter = [row for row in METRICS if (row["fold"], row["epoch"]) != (1, 3)]
    (axes,) = draw_curves(shorter, "accuracy").axes
    assert named(axes.lines)["test"].get_ydata() == pytest.approx([15, 25])


def test_what_was_watched_is_named_and_is_test_where_an_old_run_says_nothing() -> None:
    assert name_monitored(METRICS) == "test"
    assert name_monitored(GRID) == "validation"


def test_curves_are_told_by_where_they_begin_and_end() -> None:
    assert tell_curves(METRICS, "loss") == (
        "training loss 2.000 in epoch 1, 0.667 in epoch 3. test loss 3.000 in epoch 1, 1.000 in epoch 3."
    )
