from __future__ import annotations

import numpy as np
import pytest

from ferkit.evaluation.metrics.calibration import (
    apply_temperature,
    calibration_error,
    fit_temperature,
    reliability,
)

# Four images: two 90% sure, of which one is right; two 60% sure, both right.
TRUE = np.array([0, 0, 1, 1])
PROBABILITIES = np.array([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6], [0.4, 0.6]])


def test_bins_say_how_sure_and_how_often_right() -> None:
    found = reliability(TRUE, PROBABILITIES, bins=10)
    assert [(round(one.low, 1), one.images) for one in found] == [(0.5, 2), (0.8, 2)]
    assert [one.confidence for one in found] == pytest.approx([0.6, 0.9])
    assert [one.accuracy for one in found] == [1.0, 0.5]


def test_calibration_error_by_hand() -> None:
    assert calibration_error(TRUE, PROBABILITIES, bins=10) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below_and_certainty_to_the_last() -> None:
    (half,) = reliability(np.array([0]), np.array([[0.5, 0.5]]), bins=10)
    assert (half.low, half.high) == (0.4, 0.5)
    (sure,) = reliability(np.array([0]), np.array([[1.0, 0.0]]), bins=10)
    assert sure.high == 1.0


def sample(temperature: float, images: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from a softmax, and that softmax sharpened by the temperature."""
    generator = np.random.default_rng(0)
    honest = apply_temperature(generator.dirichlet(np.ones(4), images), 1.0)
    true = np.array([generator.choice(4, p=row) for row in honest])
    return true, apply_temperature(honest, 1 / temperature)


@pytest.mark.parametrize("temperature", [0.5, 2.0, 3.0])
def test_the_temperature_that_sharpened_probabilities_is_found_again(temperature: float) -> None:
    true, sharpened = sample(temperature)
    assert fit_temperature(true, sharpened) == pytest.approx(temperature, rel=0.05)
    softened = apply_temperature(sharpened, fit_temperature(true, sharpened))
    assert calibration_error(true, softened) < 0.02 < calibration_error(true, sharpened)


def test_few_images_that_are_all_judged_rightly_do_not_make_a_model_certain() -> None:
    def fit(images: int) -> float:
        return fit_temperature(np.zeros(images, dtype=np.intp), np.tile([0.8, 0.2], (images, 1)))

    assert 0.3 < fit(40) < 0.8
    assert fit(20_000) < fit(2000) < fit(40)


def test_a_temperature_keeps_the_order_and_rows_that_add_up() -> None:
    softened = apply_temperature(PROBABILITIES, 3.0)
    assert np.array_equal(softened.argmax(axis=1), PROBABILITIES.argmax(axis=1))
    assert softened.sum(axis=1) == pytest.approx(np.ones(4))
    assert (softened.max(axis=1) < PROBABILITIES.max(axis=1)).all()


def test_probabilities_of_0_do_not_break_it() -> None:
    assert np.isfinite(fit_temperature(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]])))
