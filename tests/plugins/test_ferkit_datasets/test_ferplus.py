"""FER+: labels from votes, and the images of rows."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from ferkit_datasets.ferplus import FERPlus
from ferkit_datasets.rows import read_rows
from ferkit_datasets.votes import CHOICES, Rule, elect

from ferkit.data.images import read_image
from ferkit.errors import DataError
from tests.plugins.test_ferkit_datasets.miniature import draw, parts_and_labels, write, write_fer2013

HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
# Row by row: happiness, contempt, tied between neutral and sadness, no face, unknown, neutral.
VOTES = (
    "Training,fer0000000.png,1,9,0,0,0,0,0,0,0,0",
    "PublicTest,fer0000001.png,2,0,0,0,1,0,0,7,0,0",
    "Training,fer0000002.png,5,0,0,5,0,0,0,0,0,0",
    "Training,,0,0,0,0,0,0,0,0,0,10",
    "PrivateTest,fer0000004.png,1,0,0,1,1,0,0,0,7,0",
    "PrivateTest,fer0000005.png,8,0,0,2,0,0,0,0,0,0",
)
USAGES = [line.partition(",")[0] for line in VOTES]
EXPECTED = [("train", "happiness"), ("validation", "contempt"), ("test", "neutral")]
REAL = Path(os.environ.get("FERKIT_DATA", "nowhere"), "fer2013new.csv")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write(tmp_path / "fer2013new.csv", HEADER, *VOTES)
    return tmp_path


def votes(**given: int) -> dict[str, int]:
    return dict.fromkeys(CHOICES, 0) | given


@pytest.mark.parametrize(
    ("given", "majority", "plurality"),
    [
        (votes(anger=10), "anger", "anger"),
        (votes(anger=6, fear=4), "anger", "anger"),
        (votes(anger=5, fear=3, sadness=2), "", "anger"),
        (votes(anger=5, fear=2, sadness=1, disgust=1, surprise=1), "anger", "anger"),
        (votes(anger=5, fear=5), "", ""),
        (votes(anger=3, unknown=7), "", ""),
        (votes(anger=1, NF=9), "", ""),
        (dict.fromkeys(CHOICES, 1), "", ""),
    ],
)
def test_a_label_needs_a_majority_without_single_votes_or_the_most_votes(
    given: dict[str, int], majority: str, plurality: str
) -> None:
    assert elect(given, "majority")[0] == majority
    assert elect(given, "plurality")[0] == plurality


def test_images_are_joined_row_by_row(root: Path) -> None:
    write_fer2013(root / "fer2013.csv", [("0", 10 * n, usage) for n, usage in enumerate(USAGES)])
    dataset = FERPlus(root)
    assert dataset.problems() == []
    samples = dataset.samples()
    assert parts_and_labels(samples) == EXPECTED
    assert [int(read_image(one.path)[0, 0, 0]) for one in samples] == [0, 10, 50]


def test_what_is_left_out_is_counted_anew_each_time(root: Path) -> None:
    write_fer2013(root / "fer2013.csv", [("0", 1, usage) for usage in USAGES])
    dataset = FERPlus(root, leave_out=("contempt",))
    assert parts_and_labels(dataset.samples()) == [EXPECTED[0], EXPECTED[2]]
    counts = {"without a majority": 1, "voted no face": 1, "voted unknown": 1, "of contempt": 1}
    assert dataset.left_out == Counter(counts)
    dataset.samples()
    assert dataset.left_out == Counter(counts)


def test_images_are_found_in_the_folders_that_ferplus_makes(root: Path) -> None:
    paths = [
        draw(root / "FER2013Train" / "fer0000000.png"),
        draw(root / "FER2013Valid" / "fer0000001.png"),
        draw(root / "FER2013Test" / "fer0000005.png"),
    ]
    samples = FERPlus(root).samples()
    assert [one.path for one in samples] == paths
    assert parts_and_labels(samples) == EXPECTED


def test_images_are_found_by_a_table_of_names_and_paths(root: Path) -> None:
    names = ("train/happy/7.jpg", "test/angry/8.jpg", "test/sad/9.jpg")
    paths = [draw(root / name) for name in names]
    known = zip(("fer0000000", "fer0000001", "fer0000005"), names, strict=True)
    join = write(root / "names.csv", "name,path", *(f"{one}.png,{name}" for one, name in known))
    assert [one.path for one in FERPlus(root, join=join).samples()] == paths


def test_an_image_that_the_votes_name_twice_is_taken_once(root: Path) -> None:
    write(root / "fer2013new.csv", HEADER, *VOTES, VOTES[0])
    for name in ("FER2013Train/fer0000000.png", "FER2013Valid/fer0000001.png", "FER2013Test/fer0000005.png"):
        draw(root / name)
    dataset = FERPlus(root)
    assert parts_and_labels(dataset.samples()) == EXPECTED
    assert dataset.left_out["of an image that has a row before"] == 1


def test_an_image_that_is_not_there_is_told_with_the_line_of_its_votes(root: Path) -> None:
    join = write(root / "names.csv", "name,path", "fer0000000.png,gone.png")
    with pytest.raises(DataError) as raised:
        FERPlus(root, join=join).samples()
    first, second, _ = str(raised.value).splitlines()
    votes_file = root / "fer2013new.csv"
    assert first == f"{votes_file}, line 2: fer0000000.png: there is no file {root / 'gone.png'}"
    assert second == f"{votes_file}, line 3: fer0000001.png: {join} does not list it"


def test_rows_that_do_not_belong_together_are_refused(root: Path) -> None:
    write_fer2013(root / "fer2013.csv", [("0", 1, usage) for usage in ["PublicTest", *USAGES[1:]]])
    with pytest.raises(DataError, match=r"fer2013\.csv, line 2: the Usage differs .*line 2"):
        FERPlus(root).samples()
    for usages in (USAGES[:4], [*USAGES, "Training"]):
        write_fer2013(root / "fer2013.csv", [("0", 1, usage) for usage in usages])
        with pytest.raises(DataError, match=f"has 6 rows, but .* has {len(usages)}"):
            FERPlus(root).samples()


def test_votes_that_are_no_numbers_are_told(root: Path) -> None:
    write(root / "fer2013new.csv", HEADER, VOTES[0].replace("9", "many"))
    write_fer2013(root / "fer2013.csv", [("0", 1, "Training")])
    with pytest.raises(DataError, match=r"line 2: expected whole numbers of votes, got happiness: 'many'"):
        FERPlus(root).samples()


def test_what_is_missing_is_told_with_both_addresses(tmp_path: Path) -> None:
    missing, images = FERPlus(tmp_path).problems()
    assert missing == f"there is no file {tmp_path / 'fer2013new.csv'}"
    assert "no folder FER2013Train, FER2013Valid, FER2013Test" in images
    assert "https://github.com/microsoft/FERPlus" in images
    assert "https://www.kaggle.com/c/challenges-in-representation-learning" in images


def test_a_label_to_leave_out_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"leave_out: there is no label 'contemp'. Did you mean 'contempt'"):
        FERPlus(tmp_path, leave_out=("contemp",))


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_file(), reason="FERKIT_DATA has no fer2013new.csv")
@pytest.mark.parametrize(("rule", "kept"), [("majority", 31412), ("plurality", 33712)])
def test_of_the_real_votes_as_many_are_kept_as_the_readme_says(rule: Rule, kept: int) -> None:
    rows = list(read_rows(REAL, CHOICES))
    assert len(rows) == 35887
    elected = [elect({one: int(row.cells[one]) for one in CHOICES}, rule) for row in rows]
    assert sum(bool(label) for label, _ in elected) == kept
    assert all(bool(label) != bool(reason) for label, reason in elected)
