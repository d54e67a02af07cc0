from __future__ import annotations

import numpy as np
import pytest

from ferkit.report.figures import course_of_cells, draw_confusion, draw_curves

METRICS = [
    {"repeat": 0, "fold": fold, "epoch": epoch, "train_loss": 2 / epoch, "validation_loss": 3 / epoch}
    | {"train_accuracy": 0.2 * epoch, "accuracy": 0.1 * epoch + 0.1 * fold}
    for fold in (1, 0)
    for epoch in (3, 1, 2)
]


def test_each_field_of_the_confusion_shows_its_share_and_count() -> None:
    figure = draw_confusion(np.array([[3, 1], [0, 4]]), ("fear", "anger"), "Last epoch")
    (axes,) = figure.axes
    shown = {(t.get_position(), t.get_text()) for t in axes.texts}
    assert shown == {((0, 0), "75%\n3"), ((1, 0), "25%\n1"), ((0, 1), "0%\n0"), ((1, 1), "100%\n4")}
    assert [t.get_text() for t in axes.get_xticklabels()] == ["fear", "anger"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["fear", "anger"]


def test_a_class_without_test_images_is_drawn_too() -> None:
    figure = draw_confusion(np.array([[0, 0], [0, 2]]), ("fear", "anger"), "")
    assert figure.axes[0].texts[0].get_text() == "0%\n0"


@pytest.mark.parametrize("classes", [2, 7])
def test_a_long_title_stays_inside_the_picture(classes: int) -> None:
    labels = [f"class {number}" for number in range(classes)]
    title = "Best epoch of all folds together, chosen on the test folds"
    figure = draw_confusion(np.eye(classes, dtype=int), labels, title)
    figure.canvas.draw()
    box = figure.axes[0].title.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1


def test_courses_are_by_cell_and_in_the_epochs_order() -> None:
    courses = course_of_cells(METRICS, "accuracy", 100)
    assert courses == [pytest.approx([10, 20, 30]), pytest.approx([20, 30, 40])]


def test_curves_have_a_line_for_each_cell_and_their_mean() -> None:
    losses, accuracies = draw_curves(METRICS).axes
    assert len(losses.lines) == len(accuracies.lines) == 2 * (2 + 1)
    named = {line.get_label(): line for line in accuracies.lines if not line.get_label().startswith("_")}
    assert set(named) == {"training fold", "test fold"}
    assert named["test fold"].get_ydata() == pytest.approx([15, 25, 35])
    assert list(named["test fold"].get_xdata()) == [1, 2, 3]


def test_cells_that_stopped_at_different_epochs_are_averaged_as_far_as_all_went() -> None:
    _, accuracies = draw_curves([row for row in METRICS if (row["fold"], row["epoch"]) != (1, 3)]).axes
    (mean,) = [line for line in accuracies.lines if line.get_label() == "test fold"]
    assert mean.get_ydata() == pytest.approx([15, 25])
