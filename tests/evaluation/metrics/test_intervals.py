"""Intervals: what they are of, and whether they hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import bootstrap
from sklearn.metrics import f1_score, recall_score

from ferkit.evaluation.metrics.intervals import (
    BATCH,
    METRICS,
    RESAMPLES,
    SEED,
    cluster_confusions,
    difference_interval,
    metric_of,
    score_interval,
)

LABELS = ("anger", "fear", "neutral")


def draw(images: int, right: float, seed: int = 0) -> tuple[list[str], list[str]]:
    generator = np.random.default_rng(seed)
    truth = generator.choice(LABELS, images)
    guess = np.where(generator.random(images) < right, truth, generator.choice(LABELS, images))
    return truth.tolist(), guess.tolist()


def test_metrics_agree_with_scikit_learn() -> None:
    truth, guess = draw(200, 0.5)
    counts = cluster_confusions(truth, guess, [str(i) for i in range(200)], LABELS)
    assert metric_of(counts, "accuracy") == pytest.approx(np.mean(np.array(truth) == guess))
    assert metric_of(counts, "mean_recall") == pytest.approx(recall_score(truth, guess, average="macro"))
    assert metric_of(counts, "macro_f1") == pytest.approx(f1_score(truth, guess, average="macro"))


@pytest.mark.parametrize("metric", METRICS)
def test_an_interval_holds_the_score_and_is_the_same_every_time(metric: str) -> None:
    truth, guess = draw(200, 0.5)
    counts = cluster_confusions(truth, guess, [str(i) for i in range(200)], LABELS)
    found = score_interval(counts, metric)
    assert found.low < metric_of(counts, metric) < found.high
    assert found == score_interval(counts, metric)


def test_the_intervals_width_is_that_of_the_binomial() -> None:
    truth, guess = draw(675, 0.3)
    counts = cluster_confusions(truth, guess, [str(i) for i in range(675)], LABELS)
    found, share = score_interval(counts, "accuracy"), metric_of(counts, "accuracy")
    assert found.high - found.low == pytest.approx(2 * 1.96 * (share * (1 - share) / 675) ** 0.5, rel=0.1)


def test_a_score_is_the_mean_over_folds_and_its_interval_is_of_that_mean() -> None:
    """A small fold in which all is right, a large one in which half is: 75%, not 55%."""
    truth = ["fear"] * 100
    guess = ["fear"] * 10 + ["fear", "anger"] * 45
    folds = ["small"] * 10 + ["large"] * 90
    counts = cluster_confusions(truth, guess, [str(i) for i in range(100)], LABELS, folds)
    assert metric_of(counts, "accuracy") == pytest.approx(0.75)
    found = score_interval(counts, "accuracy")
    assert 0.68 < found.low < 0.75 < found.high < 0.82


def movies(seed: int, count: int = 50, each: int = 12) -> tuple[list[str], list[str], list[str]]:
    """Films in which the faces are recognised more or less often, by half on average."""
    generator = np.random.default_rng(seed)
    truth, guess, names = [], [], []
    for movie in range(count):
        ease = generator.beta(2, 2)
        for _ in range(each):
            label = LABELS[generator.integers(2)]
            truth.append(label)
            guess.append(label if generator.random() < ease else "neutral")
            names.append(f"m{movie}")
    return truth, guess, names


@pytest.mark.slow
def test_95_percent_intervals_hold_the_truth_in_about_95_percent_of_simulations() -> None:
    """Of 300; binomially, 95% is 270 to 296 of these in all but one case in a thousand."""
    by_movie = by_image = 0
    for seed in range(300):
        truth, guess, names = movies(seed)
        clustered = score_interval(cluster_confusions(truth, guess, names, LABELS), "accuracy")
        by_movie += clustered.low <= 0.5 <= clustered.high
        if seed < 60:  # 600 clusters take ten times as long
            images = [str(i) for i in range(len(truth))]
            single = score_interval(cluster_confusions(truth, guess, images, LABELS), "accuracy")
            by_image += single.low <= 0.5 <= single.high
    assert 270 <= by_movie <= 296
    # Drawing images although they come in films promises more than it holds.
    assert by_image < 51


@pytest.mark.slow
def test_independent_images_have_honest_intervals_too() -> None:
    held = 0
    for seed in range(300):
        truth, guess = draw(200, 0.4, seed)
        images = [str(i) for i in range(200)]
        found = score_interval(cluster_confusions(truth, guess, images, LABELS), "accuracy")
        held += found.low <= 0.4 + 0.6 / 3 <= found.high
    assert 270 <= held <= 296


def test_a_difference_is_paired() -> None:
    """Two runs that differ on two of 200 images: known to a point, though each score is known to seven."""
    truth, guess = draw(200, 0.5)
    other = list(guess)
    for place in [i for i in range(200) if guess[i] != truth[i]][:2]:
        other[place] = truth[place]
    images = [str(i) for i in range(200)]
    one, two = (cluster_confusions(truth, made, images, LABELS) for made in (other, guess))
    found = difference_interval(one, two, "accuracy")
    assert 0 <= found.low <= 0.01 <= found.high < 0.04


def test_equal_runs_have_no_difference() -> None:
    truth, guess = draw(50, 0.5)
    counts = cluster_confusions(truth, guess, [str(i) for i in range(50)], LABELS)
    found = difference_interval(counts, counts, "accuracy")
    assert (found.low, found.high) == (0.0, 0.0)


@pytest.mark.parametrize("clusters", [1, 3])
def test_what_is_always_right_has_a_narrow_interval_and_no_warning(clusters: int) -> None:
    counts = cluster_confusions(["fear"] * 3, ["fear"] * 3, [str(i % clusters) for i in range(3)], LABELS)
    assert score_interval(counts, "accuracy") == score_interval(counts, "mean_recall")
    assert score_interval(counts, "accuracy").low == 1.0


def test_strata_are_drawn_apart_so_that_no_draw_lacks_one() -> None:
    """Every eighth joint draw of 40 clusters holds none of the first two, whose score would be 0."""
    clusters = [str(number) for number in range(40)]
    folds = ["one"] * 2 + ["other"] * 38
    counts = cluster_confusions(["fear"] * 40, ["fear"] * 40, clusters, LABELS, folds)
    one, other = counts[:, :1], counts[:, 1:]
    assert difference_interval(one, other, "accuracy").low == -1
    apart = difference_interval(one, other, "accuracy", folds)
    assert (apart.low, apart.high) == (0, 0)


def test_an_interval_is_that_of_scipy() -> None:
    truth, guess = draw(90, 0.6)
    counts = cluster_confusions(truth, guess, [str(number % 30) for number in range(90)], LABELS)
    right = np.trace(counts.sum(axis=1), axis1=1, axis2=2)

    def accuracy(places: NDArray[np.intp], axis: int) -> NDArray[np.float64]:
        return np.asarray(right[places].mean(axis=axis) / 3)

    theirs = bootstrap(
        (np.arange(30),), accuracy, n_resamples=RESAMPLES, batch=BATCH, rng=np.random.default_rng(SEED)
    ).confidence_interval
    ours = score_interval(counts, "accuracy")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
