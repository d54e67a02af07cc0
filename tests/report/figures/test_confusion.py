from __future__ import annotations

import numpy as np
import pytest

from ferkit.report.figures.confusion import count_confusion, draw_confusion, draw_repeats, tell_confusion


def test_each_field_of_the_confusion_shows_its_share_and_count() -> None:
    figure = draw_confusion(np.array([[3, 1], [0, 4]]), ("fear", "anger"), "Last epoch")
    (axes,) = figure.axes
    shown = {(t.get_position(), t.get_text()) for t in axes.texts}
    assert shown == {((0, 0), "75%\n3"), ((1, 0), "25%\n1"), ((0, 1), "0%\n0"), ((1, 1), "100%\n4")}
    assert [t.get_text() for t in axes.get_xticklabels()] == ["fear", "anger"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["fear", "anger"]


def test_a_class_without_test_images_is_drawn_and_told_too() -> None:
    counts = np.array([[0, 0], [0, 2]])
    figure = draw_confusion(counts, ("fear", "anger"), "")
    assert figure.axes[0].texts[0].get_text() == "0%\n0"
    assert tell_confusion(counts, ("fear", "anger")) == "Of 0 fear: none. Of 2 anger: 2 as anger."


@pytest.mark.parametrize("classes", [2, 7])
@pytest.mark.parametrize("repeats", [1, 3])
def test_a_long_title_stays_inside_the_picture(classes: int, repeats: int) -> None:
    labels = [f"class {number}" for number in range(classes)]
    title = "Best epoch of all folds together, chosen on the test folds"
    counts = np.eye(classes, dtype=np.int64)
    if repeats == 1:
        figure = draw_confusion(counts, labels, title)
    else:
        figure = draw_repeats([counts] * repeats, labels, title)
    figure.canvas.draw()
    box = next(text for text in figure.texts if text.get_text() == figure.get_suptitle()).get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1


def test_repeats_stand_side_by_side_each_with_its_shares() -> None:
    first, second = np.array([[3, 1], [0, 4]]), np.array([[2, 2], [1, 3]])
    figure = draw_repeats([first, second, first], ("fear", "anger"), "Last epoch")
    shown = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert shown == [["75", "25", "0", "100"], ["50", "50", "25", "75"], ["75", "25", "0", "100"], []]
    assert [axes.get_title() for axes in figure.axes] == ["repeat 1", "repeat 2", "repeat 3", ""]


def test_a_confusion_counts_true_classes_in_rows() -> None:
    counts = count_confusion(["a", "a", "b"], ["a", "b", "a"], ["a", "b"])
    assert counts.tolist() == [[1, 1], [1, 0]]
