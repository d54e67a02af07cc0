from __future__ import annotations

import numpy as np
from ferkit_detectors.whole_image import WholeImageDetector


def test_every_image_is_one_face_of_its_own_size() -> None:
    images = [np.zeros((30, 40, 3), np.uint8), np.zeros((7, 5, 3), np.uint8)]
    found = WholeImageDetector()(images)
    assert [one.boxes.tolist() for one in found] == [[[0, 0, 40, 30]], [[0, 0, 5, 7]]]
    assert all(one.scores.tolist() == [1.0] and one.landmarks.shape == (1, 5, 2) for one in found)
