"""Confident learning against numbers by hand and against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from ferkit.audit.labels.confident import find_doubts

GIVEN = np.array([0, 0, 0, 1, 1, 2])
PROBABILITIES = np.array(
    [
        [0.9, 0.1, 0.0],
        [0.8, 0.1, 0.1],
        [0.1, 0.9, 0.0],  # labelled 0, and the networks say 1
        [0.2, 0.7, 0.1],
        [0.5, 0.3, 0.2],  # most probable is 0, below its threshold of 0.6
        [0.0, 0.6, 0.4],  # 1 and 2 reach their thresholds of 0.5 and 0.4, and 1 is more probable
    ]
)


def test_the_numbers_of_six_images_by_hand() -> None:
    found = find_doubts(GIVEN, PROBABILITIES)
    assert found.self_confidence.tolist() == [0.9, 0.8, 0.1, 0.7, 0.3, 0.4]
    assert found.thresholds == pytest.approx([(0.9 + 0.8 + 0.1) / 3, (0.7 + 0.3) / 2, 0.4])
    assert found.suggested.tolist() == [0, 0, 1, 1, 1, 1]


def test_a_class_without_images_is_never_suggested() -> None:
    found = find_doubts(np.array([0, 0]), np.array([[0.4, 0.6], [0.1, 0.9]]))
    assert np.isnan(found.thresholds[1])
    assert found.suggested.tolist() == [0, 0]


def test_a_probability_at_the_threshold_reaches_it_despite_rounding() -> None:
    given = np.zeros(3, dtype=np.intp)
    found = find_doubts(given, np.array([[0.1, 0.9]] * 3))  # the mean of three times 0.1 is above 0.1
    assert found.suggested.tolist() == [0, 0, 0]
    assert found.thresholds[0] > 0.1


def test_random_numbers_agree_with_the_definition() -> None:
    generator = np.random.default_rng(0)
    given = generator.integers(0, 5, 300)
    probabilities = generator.dirichlet(np.full(5, 0.5), 300)
    found = find_doubts(given, probabilities)
    thresholds = [
        sum(p[k] for p, s in zip(probabilities, given, strict=True) if s == k) / (given == k).sum()
        for k in range(5)
    ]
    for i, (p, s) in enumerate(zip(probabilities, given, strict=True)):
        reached = {k: p[k] for k in range(5) if p[k] >= thresholds[k]}
        expected = max(reached, key=lambda k: reached[k]) if reached else s
        assert found.suggested[i] == expected
        assert found.self_confidence[i] == p[s]
    assert 20 < (found.suggested != given).sum() < 280
