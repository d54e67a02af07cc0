"""Which facts make the command fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferkit.audit.findings import NAMES, check_allowed, judge
from ferkit.audit.result import Audit, Crossings, Duplicates, FaceFacts, Groups, Unreadable
from ferkit.errors import RunError
from ferkit.messages import percent

CLEAN = Audit(
    name="own",
    dataset="squares",
    root="/",
    is_recipe=True,
    images=4,
    classes={"happy": 3, "sad": 1},
    unreadable=(),
    duplicates=(),
    near=(),
    groups=(Groups("clip", 2, 4, 0.5, 0.0),),
    partial_groups={},
    seeds=50,
    crossings=Crossings("Stratified 2-fold", 4),
    faces=FaceFacts("mtcnn", 4),
)
SAME = Duplicates("0", ("a", "b", "c"), ("sad", "sad", "sad"))
CONFLICT = Duplicates("1", ("d", "e"), ("sad", "happy"))


def names(audit: Audit) -> list[str]:
    return [finding.name for finding in judge(audit, ()) if finding.fails]


def test_data_without_problems_has_no_findings_though_random_splits_would_leak() -> None:
    assert judge(CLEAN, ()) == ()
    assert judge(replace(CLEAN, is_recipe=False), ()) == ()


@pytest.mark.parametrize(
    ("audit", "for_recipe", "without"),
    [
        (replace(CLEAN, unreadable=(Unreadable("a", "why"),)), ["unreadable"], ["unreadable"]),
        (replace(CLEAN, duplicates=(SAME,)), [], ["duplicates"]),
        (replace(CLEAN, duplicates=(CONFLICT,)), ["conflicts"], ["conflicts", "duplicates"]),
        (
            replace(CLEAN, duplicates=(SAME,), crossings=Crossings("w", 4, duplicates=1)),
            ["duplicates"],
            ["duplicates"],
        ),
        (replace(CLEAN, groups=(Groups("clip", 2, 4, 0.5, 0.1),)), ["groups"], []),
        (replace(CLEAN, crossings=Crossings("w", 4, near_duplicates=2)), [], []),
        (replace(CLEAN, crossings=Crossings("w", problem="no groups")), ["protocol"], []),
    ],
)
def test_what_is_serious_differs_with_and_without_a_recipe(
    audit: Audit, for_recipe: list[str], without: list[str]
) -> None:
    assert names(audit) == for_recipe
    assert names(replace(audit, is_recipe=False)) == without


def test_what_is_allowed_is_told_and_does_not_fail() -> None:
    audit = replace(CLEAN, duplicates=(CONFLICT,), unreadable=(Unreadable("a", "why"),))
    found = judge(audit, {"unreadable"})
    assert [(one.name, one.fails, one.is_allowed) for one in found] == [
        ("conflicts", True, False),
        ("unreadable", False, True),
    ]
    assert replace(audit, findings=found).is_serious
    assert not replace(audit, findings=judge(audit, {"unreadable", "conflicts"})).is_serious


def test_twins_are_told_though_not_serious() -> None:
    (finding,) = judge(replace(CLEAN, crossings=Crossings("w", 4, near_duplicates=1.5)), ())
    assert finding.words.startswith("1.5 of 4 test images have a near duplicate")


def test_an_unknown_name_is_refused_with_the_list() -> None:
    with pytest.raises(RunError, match=r"Cannot allow 'duplicate'.* Did you mean 'duplicates'"):
        check_allowed(["duplicates", "duplicate"])
    assert check_allowed(NAMES) == frozenset(NAMES)


@pytest.mark.parametrize(
    ("share", "words"), [(0, "0.0%"), (0.0001, "less than 0.1%"), (0.331, "33.1%"), (1, "100.0%")]
)
def test_a_small_share_is_not_shown_as_nothing(share: float, words: str) -> None:
    assert percent(share) == words


def test_counts_of_classes_and_duplicates() -> None:
    assert CLEAN.imbalance == 3
    assert replace(CLEAN, duplicates=(SAME, CONFLICT)).spare_duplicates == 3
