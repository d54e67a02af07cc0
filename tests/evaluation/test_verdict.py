"""The rule by which a run reproduces a paper's number, or does not."""

from __future__ import annotations

from typing import Any

import pytest

from ferkit.evaluation.summary import Summary
from ferkit.evaluation.verdict import judge
from tests.run_folders import PAPER, PROTOCOL

READING = {
    "accuracy": 0.52,
    "title": "Last epoch",
    "deviation": None,
    "mean_recall": 0.40,
    "selected_on_test": False,
    "clusters": {"movie": 58, "image": 675},
    "intervals": {
        "movie": {"accuracy": (0.46, 0.575), "mean_recall": (0.35, 0.45)},
        "image": {"accuracy": (0.50, 0.54), "mean_recall": (0.39, 0.41)},
    },
}


def summary(number: float = 51.3, **changes: Any) -> Summary:
    table = {
        "name": "a recipe",
        "labels": ["anger"],
        "paper": {**PAPER, "number": number},
        "demo": False,
        "data": {"manifest": None},
        "protocol": PROTOCOL,
        "scores": {"best_epoch": READING, "last_epoch": {**READING, "accuracy": 0.1}},
        **changes,
    }
    return Summary.model_validate(table)


@pytest.mark.parametrize(
    ("number", "kind"),
    [(51.3, "reproduced"), (46.0, "reproduced"), (57.5, "reproduced"), (45.9, "above"), (57.6, "below")],
)
def test_the_papers_number_is_looked_for_in_the_interval_by_groups(number: float, kind: str) -> None:
    verdict = judge(summary(number))
    assert verdict is not None
    assert verdict.kind == kind
    assert verdict.reason == f"52.00, 95% interval 46.0 to 57.5 (by movie); the paper has {number:.2f}"


def test_the_papers_own_metric_is_compared() -> None:
    verdict = judge(summary(paper={**PAPER, "number": 44.0, "metric": "mean_recall"}))
    assert verdict is not None
    assert verdict.kind == "reproduced"
    assert "40.00, 95% interval 35.0 to 45.0" in verdict.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"demo": True}, "other data: generated faces"),
        ({"paper": {**PAPER, "data": "SFEW 2.0"}}, "other data: the paper's number is on SFEW 2.0"),
        ({"data": {"manifest": {"difference": "2 missing (a, b)"}}}, "other data: 2 missing (a, b)"),
        (
            {"protocol": {**PROTOCOL, "folds": 10}, "paper": {**PAPER, "folds": 2}},
            "other protocol: 10 folds, but the paper has 2",
        ),
        (
            {"scores": {"best_epoch": {**READING, "clusters": {"movie": 4, "image": 675}}}},
            "too few movies for an interval: 4",
        ),
        (
            {"protocol": {**PROTOCOL, "name": "grouped"}},
            "other protocol: grouped, but the paper has paper",
        ),
    ],
)
def test_other_data_and_other_protocols_are_not_comparable_and_it_says_which(
    changes: dict[str, Any], reason: str
) -> None:
    verdict = judge(summary(**changes))
    assert verdict is not None
    assert (verdict.kind, verdict.reason) == ("not comparable", reason)


def test_a_verdict_on_what_test_images_chose_says_so() -> None:
    chosen = {**READING, "selected_on_test": True}
    verdict = judge(summary(scores={"best_epoch": chosen, "last_epoch": READING}))
    assert verdict is not None
    assert verdict.reason.endswith("; the epoch was selected on test images, as in the paper")


def test_under_another_protocol_than_the_papers_the_honest_reading_is_judged() -> None:
    scores = {"best_epoch": {**READING, "selected_on_test": True}, "last_epoch": {**READING, "accuracy": 0.5}}
    verdict = judge(
        summary(
            scores=scores,
            protocol={**PROTOCOL, "name": "grouped"},
            paper={**PAPER, "protocol": "grouped"},
        )
    )
    assert verdict is not None
    assert verdict.reason.startswith("50.00, ")


def test_without_a_papers_number_there_is_no_verdict() -> None:
    assert judge(summary(paper=None)) is None
