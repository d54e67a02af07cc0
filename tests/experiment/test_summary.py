from __future__ import annotations

import numpy as np

from ferkit.evaluation.protocol import Fold
from ferkit.experiment.summary import describe_temperatures, describe_unused


def test_temperatures_at_the_edge_of_what_was_tried_are_told() -> None:
    choices = [[{"temperature": 1.7}, {"temperature": 19.9999}], [{"temperature": 0.0500002}]]
    (told,) = describe_temperatures({"chosen_epoch": {"choices": choices}})
    assert told.startswith("2 of 3 temperatures are at the edge of the range (0.05 to 20.0)")
    assert describe_temperatures({"chosen_epoch": {"choices": [choices[0][:1]]}, "last_epoch": {}}) == []


def test_images_of_no_part_are_counted() -> None:
    fold = Fold(0, 0, np.array([0, 1]), np.array([4]), np.array([3]))
    assert describe_unused([fold], 6) == ["2 of 6 images are in no split and were not used"]
    assert describe_unused([fold, Fold(0, 1, np.array([2]), np.array([5]))], 6) == []
