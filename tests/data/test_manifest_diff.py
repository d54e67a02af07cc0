"""What is the matter with each image, when a list and the data differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferkit.data.listing import Entry
from ferkit.data.manifest_diff import Difference, compare


def entry(name: str, label: str, sha256: str = "", split: str = "") -> Entry:
    return Entry(name, label, split, {}, sha256 or name)


LIST = [entry(f"{label}/{number}.png", label) for label in ("anger", "fear", "joy") for number in range(3)]


def change(name: str, /, **facts: str) -> list[Entry]:
    return [replace(one, **facts) if one.name == name else one for one in LIST]


def test_the_same_images_in_another_order_do_not_differ() -> None:
    assert not compare(LIST, LIST[::-1])
    assert str(compare(LIST, LIST)) == ""


def test_groups_are_no_difference() -> None:
    assert not compare(LIST, [replace(one, groups={"person": "7"}) for one in LIST])


@pytest.mark.parametrize(
    ("data", "kind", "names"),
    [
        (LIST[1:], "missing", ("anger/0.png",)),
        ([*LIST, entry("joy/3.png", "joy")], "extra", ("joy/3.png",)),
        (change("joy/1.png", sha256="new"), "changed", ("joy/1.png",)),
        (change("joy/1.png", sha256=""), "unreadable", ("joy/1.png",)),
        (change("joy/1.png", label="fear"), "relabelled", ("joy/1.png (listed as joy, here fear)",)),
        (change("joy/1.png", name="joy/x.png"), "renamed", ("joy/x.png (listed as joy/1.png)",)),
    ],
)
def test_each_difference_is_told_as_what_it_is_and_nothing_else(
    data: list[Entry], kind: str, names: tuple[str, ...]
) -> None:
    assert compare(LIST, data) == Difference(**{kind: names})


def test_an_unreadable_file_that_is_not_listed_is_extra() -> None:
    assert compare(LIST, [*LIST, replace(LIST[0], name="x.png", sha256="")]) == Difference(extra=("x.png",))


def test_a_image_in_another_classs_folder_is_renamed_and_relabelled() -> None:
    found = compare(LIST, change("joy/1.png", name="fear/j.png", label="fear"))
    assert found == Difference(
        renamed=("fear/j.png (listed as joy/1.png)",), relabelled=("fear/j.png (listed as joy, here fear)",)
    )


def test_classes_that_changed_places_are_relabelled_though_their_names_are_the_same() -> None:
    other = {"anger": "fear", "fear": "anger", "joy": "joy"}
    data = [
        replace(one, name=one.name.replace(one.label, other[one.label]), label=other[one.label])
        for one in LIST
    ]
    found = compare(LIST, data)
    assert len(found.changed) == len(found.relabelled) == 6
    assert found.relabelled[0] == "anger/0.png (listed as fear, here anger)"
    assert (found.missing, found.extra, found.renamed) == ((), (), ())


def test_copies_are_paired_one_by_one() -> None:
    listed = [entry("a.png", "joy", "same"), entry("b.png", "joy", "same"), entry("c.png", "joy")]
    there = [entry("b.png", "joy", "same"), entry("x.png", "joy", "same"), entry("y.png", "joy", "same")]
    found = compare(listed, there)
    assert found.renamed == ("x.png (listed as a.png)",)
    assert (found.missing, found.extra) == (("c.png",), ("y.png",))


def test_a_picture_that_is_listed_under_two_labels_may_have_either() -> None:
    listed = [entry("a.png", "joy", "same"), entry("b.png", "fear", "same")]
    assert compare(listed, [*listed, entry("c.png", "fear", "same")]) == Difference(extra=("c.png",))
    swapped = [replace(listed[0], label="fear"), listed[1]]
    assert compare(listed, swapped).relabelled == ("a.png (listed as joy, here fear)",)


def test_parts_differ_only_where_both_sides_name_them() -> None:
    def with_parts(*parts: str) -> list[Entry]:
        return [entry(f"{number}.png", "joy", split=part) for number, part in enumerate(parts)]

    found = compare(with_parts("train", "test", ""), with_parts("test", "", "test"))
    assert found == Difference(moved=("0.png (listed as train, here test)",))


def test_a_huge_difference_is_short_in_words_and_whole_in_lines() -> None:
    listed = [entry(f"{number:05}.png", "joy") for number in range(5000)]
    found = compare(listed, [])
    assert str(found) == "5000 missing (00000.png, 00001.png, 00002.png and 4997 others)"
    assert len(found.lines()) == 5000
    assert found.lines()[-1] == "missing: 04999.png"


def test_names_that_are_no_utf8_are_told_as_a_terminal_can_show_them() -> None:
    found = compare([entry("caf\udce9.png", "joy")], [])
    assert found.lines() == [r"missing: caf\xe9.png"]
    assert r"caf\xe9.png" in str(found)
