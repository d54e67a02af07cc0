"""Scores, intervals and gaps against calculations by hand."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
import pytest

from ferkit.assess.result import NO_FACE, Evaluation, Prediction
from ferkit.evaluation.metrics.intervals import FEWEST
from ferkit.evaluation.metrics.scores import score
from tests.assess.made_up import LABELS, evaluate_made, predict

Z = 1.96
"""Normal quantile of a 95% interval."""


def people(kind: str, right: int, wrong: int, images: int = 1, gender: str = "") -> list[Prediction]:
    """Right and wrong people, each with `images` equal images of one neutral expression."""
    made = []
    for number in range(right + wrong):
        groups = {kind: f"{gender}{number}"} | ({"gender": gender} if gender else {})
        made += predict("neutral", "neutral" if number < right else "happiness", images, **groups)
    return made


def half_width(edges: tuple[float, float]) -> float:
    return (edges[1] - edges[0]) / 2


def gap_of(evaluation: Evaluation, metric: str = "accuracy") -> tuple[float, tuple[float, float]]:
    (gap,) = [one for one in evaluation.by[0].gaps if one.metric == metric]
    return gap.measure.value, gap.measure.intervals[evaluation.by[0].unit]


def test_scores_by_hand_with_a_face_missing() -> None:
    made = [
        *predict("neutral", "neutral", 6),
        *predict("neutral", "happiness", 2),
        *predict("neutral", NO_FACE, 2),
        *predict("happiness", "happiness", 3),
        *predict("happiness", "neutral", 1),
    ]
    found = evaluate_made(made)
    assert found.scores["accuracy"].value == pytest.approx(9 / 14)
    assert found.scores["mean_recall"].value == pytest.approx((6 / 10 + 3 / 4) / 2)
    # neutral: precision 6/7, recall 6/10; happiness: precision 3/5, recall 3/4
    assert found.scores["macro_f1"].value == pytest.approx((12 / 17 + 6 / 9) / 2)
    # 12 images with a face have confidence 0.9, and 9 of them are right
    assert found.scores["ece"].value == pytest.approx(0.9 - 9 / 12)
    assert found.scores["brier"].value == pytest.approx((9 * 2 * 0.1**2 + 3 * 2 * 0.9**2) / 12)
    assert found.confusion["neutral"] == {"happiness": 2, "neutral": 6, "no face": 2}
    happiness, neutral = found.classes
    assert (neutral.precision, neutral.recall, neutral.images) == (6 / 7, 6 / 10, 10)
    assert (happiness.precision, happiness.recall, happiness.images) == (3 / 5, 3 / 4, 4)
    assert (found.images, len(found.faceless)) == (14, 2)
    skipped = evaluate_made(made, is_skipped=True)
    assert skipped.scores["accuracy"].value == 9 / 12
    assert (skipped.images, len(skipped.faceless), len(skipped.predictions)) == (12, 2, 14)


def test_scores_are_those_of_a_run() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet((1, 1), 60)
    truth = [LABELS[one] for one in generator.integers(0, 2, 60)]
    made = [
        Prediction(str(place), label, LABELS[int(row.argmax())], tuple(row.tolist()))
        for place, (label, row) in enumerate(zip(truth, probabilities, strict=True))
    ]
    of_run, found = score(truth, probabilities, LABELS), evaluate_made(made)
    for metric, measure in found.scores.items():
        assert measure.value == pytest.approx(getattr(of_run, metric)), metric
    assert found.classes == tuple(of_run.classes)


@pytest.mark.parametrize("images", [1, 10])
def test_an_interval_by_group_has_the_width_of_that_many_people(images: int) -> None:
    """120 of 160 people are right: the binomial standard error is sqrt(0.75 * 0.25 / 160)."""
    found = evaluate_made(people("person", 120, 40, images)).scores["accuracy"]
    expected = Z * sqrt(0.75 * 0.25 / 160)
    assert found.value == 0.75
    assert half_width(found.intervals["person"]) == pytest.approx(expected, rel=0.08)
    assert half_width(found.intervals["image"]) == pytest.approx(expected / sqrt(images), rel=0.08)


def test_the_interval_of_the_calibration_error_by_hand() -> None:
    """In one bin, ECE is the distance of accuracy from 0.9, and has the width of the accuracy."""
    found = evaluate_made(people("person", 120, 40)).scores["ece"]
    assert found.value == pytest.approx(0.15)
    assert half_width(found.intervals["person"]) == pytest.approx(Z * sqrt(0.75 * 0.25 / 160), rel=0.08)


@pytest.mark.parametrize("images", [1, 8])
def test_a_gap_and_its_interval_by_hand(images: int) -> None:
    """Two independent groups of people: the variances of their accuracies add up."""
    made = people("person", 180, 20, images, "female") + people("person", 70, 30, images, "male")
    found = evaluate_made(made, by=["gender"])
    value, edges = gap_of(found)
    assert value == pytest.approx(0.2)
    error = sqrt(0.9 * 0.1 / 200 + 0.7 * 0.3 / 100)
    assert half_width(edges) == pytest.approx(Z * error, rel=0.08)
    assert sum(edges) / 2 == pytest.approx(0.2, abs=0.01)
    female, male = found.by[0].values
    assert (female.value, female.images, female.units) == ("female", 200 * images, 200)
    assert (male.scores["accuracy"].value, male.recall) == (0.7, {"neutral": 0.7})


def test_a_gap_within_the_same_people_is_paired() -> None:
    """Each of 60 people is right indoors and, but for 12, outdoors: only these 12 vary."""
    made = []
    for number in range(60):
        person = str(number)
        made += predict("neutral", "neutral", 1, person=person, place="indoors")
        outdoors = "happiness" if number < 12 else "neutral"
        made += predict("neutral", outdoors, 1, person=person, place="outdoors")
    value, edges = gap_of(evaluate_made(made, by=["place"]))
    assert value == pytest.approx(0.2)
    assert half_width(edges) == pytest.approx(Z * sqrt(0.2 * 0.8 / 60), rel=0.1)


def test_a_group_of_few_people_has_scores_but_no_interval_and_no_gap() -> None:
    made = people("person", 10, 2, 3, "female") + people("person", FEWEST - 1, 0, 3, "male")
    found = evaluate_made(made, by=["gender"])
    female, male = found.by[0].values
    assert female.scores["accuracy"].intervals.keys() == {"person"}
    assert (male.scores["accuracy"].value, male.scores["accuracy"].intervals) == (1, {})
    assert found.by[0].gaps == ()
    assert any("male (4 persons)" in one for one in found.warnings)


def test_images_without_the_kind_are_a_group_of_their_own() -> None:
    made = people("person", 6, 0, 1, "female") + predict("neutral", "happiness", 6)
    found = evaluate_made(made, by=["gender"])
    assert [(one.value, one.images) for one in found.by[0].values] == [("female", 6), ("unknown", 6)]
    assert gap_of(found)[0] == 1


def test_groups_that_are_compared_are_drawn_for_all_images_only() -> None:
    made = [one for age in range(6) for one in predict("neutral", "neutral", 3, age=str(age))]
    found = evaluate_made(made, by=["age"])
    assert found.units == {"age": 6, "image": 18}
    assert found.scores["accuracy"].intervals.keys() == {"age", "image"}
    assert found.by[0].unit == "image"
    assert evaluate_made(made).units == {"age": 6, "image": 18}
    assert evaluate_made(made, group="image").units == {"image": 18}
    drawn = evaluate_made(made, by=["age"], group="age")
    assert (drawn.units, drawn.by[0].unit) == ({"age": 6, "image": 18}, "image")


@pytest.mark.parametrize(
    ("by", "drawn", "compared"),
    [
        (["gender"], "person", {"gender": "person"}),
        (["gender", "person"], "person", {"gender": "person", "person": "image"}),
        (["gender", "age"], "age", {"gender": "person", "age": "person"}),
    ],
)
def test_a_comparison_draws_a_kind_that_is_not_compared(
    by: list[str], drawn: str, compared: dict[str, str]
) -> None:
    made = [
        one
        for number in range(12)
        for one in predict(
            "neutral",
            "neutral",
            2,
            person=str(number),
            gender="fm"[number % 2],
            **({"age": str(number // 2)} if "age" in by else {}),
        )
    ]
    found = evaluate_made(made, by=by)
    assert next(iter(found.units)) == drawn
    assert {one.kind: one.unit for one in found.by} == compared


def test_the_kind_to_draw_can_be_chosen_and_images_without_it_stand_alone() -> None:
    made = [
        one
        for number in range(12)
        for one in predict("neutral", "neutral", 2, person=str(number), origin=str(number // 2))
    ]
    assert evaluate_made(made).units == {"origin": 6, "image": 24}
    made += predict("neutral", "happiness", 3)
    assert evaluate_made(made, group="person").units == {"person": 15, "image": 27}


def warnings_of(made: Sequence[Prediction], is_skipped: bool = False, is_recorded: bool = True) -> str:
    found = evaluate_made(made, is_skipped=is_skipped, is_recorded=is_recorded)
    return "\n".join(found.warnings)


def test_warnings_name_training_images_faces_and_labels() -> None:
    made = [*predict("neutral", "neutral", 3), *predict("neutral", NO_FACE, 1)]
    seen = Prediction("seen.png", "neutral", "neutral", (0.1, 0.9), {}, is_trained_on=True)
    found = warnings_of([*made, seen])
    assert "trained on 1 of 5 images" in found
    assert "count as wrong: 1 of 5" in found
    assert "no-face skip" in found
    assert "label happiness" in found
    assert "are left out: 1 of 5" in warnings_of([*made, seen], is_skipped=True)
    assert "does not record" in warnings_of(made, is_recorded=False)
    assert warnings_of([*predict("neutral", "neutral", 3), *predict("happiness", "neutral", 3)]) == ""


def test_exchanged_labels_are_noticed() -> None:
    made = [*predict("neutral", "happiness", 30), *predict("happiness", "neutral", 30)]
    assert "mixed up" in warnings_of(made)
