"""FER+'s votes as soft targets, and a teacher's probabilities."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from ferkit_datasets.ferplus import FERPlus
from ferkit_datasets.labels import FERPLUS
from ferkit_datasets.teacher import LEAD, Teacher, mix
from ferkit_datasets.votes import CHOICES, Rule, elect, share_out

from ferkit.components.component import Component
from ferkit.components.contract import check_samples
from ferkit.errors import DataError
from ferkit.interfaces import Sample
from tests.plugins.test_ferkit_datasets.miniature import draw, write
from tests.plugins.test_ferkit_datasets.test_ferplus import HEADER, REAL, votes

WHO = Component("dataset", "ferplus", "ferkit_datasets.ferplus:FERPlus", "FER+")
SEVEN = [label for label in FERPLUS if label != "contempt"]
# Neutral in training, anger in training, contempt in training, neutral and anger in the test.
VOTES = (
    "Training,fer0000000.png,6,0,0,2,0,0,0,2,0,0",
    "Training,fer0000001.png,0,0,0,1,7,2,0,0,0,0",
    "Training,fer0000002.png,2,0,0,0,0,0,0,8,0,0",
    "PrivateTest,fer0000003.png,6,0,0,4,0,0,0,0,0,0",
    "PrivateTest,fer0000004.png,0,0,0,0,10,0,0,0,0,0",
    "PrivateTest,fer0000005.png,2,0,0,8,0,0,0,0,0,0",
    "Training,fer0000006.png,2,0,0,8,0,0,0,0,0,0",
)
TAUGHT = ("neutral", "sadness", "anger")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "fer2013new.csv", HEADER, *VOTES)
    for line in VOTES:
        usage, name = line.split(",")[:2]
        draw(tmp_path / {"Training": "FER2013Train", "PrivateTest": "FER2013Test"}[usage] / name)
    (tmp_path / "FER2013Valid").mkdir()
    return tmp_path


def by_name(samples: list[Sample]) -> dict[str, Sample]:
    check_samples(samples, WHO)
    return {sample.path.stem[-1]: sample for sample in samples}


@pytest.mark.parametrize(
    ("given", "labels", "expected"),
    [
        (votes(anger=8, fear=2), FERPLUS, {"anger": 0.8, "fear": 0.2}),
        (votes(anger=8, fear=1, sadness=1), FERPLUS, {"anger": 1.0}),
        (votes(anger=4, fear=2, unknown=3, NF=1), FERPLUS, {"anger": 2 / 3, "fear": 1 / 3}),
        (votes(anger=6, contempt=4), SEVEN, {"anger": 1.0}),
        (votes(anger=4, contempt=3, fear=2), SEVEN, {"anger": 2 / 3, "fear": 1 / 3}),
        (votes(anger=1), FERPLUS, {"anger": 1.0}),
    ],
)
def test_votes_are_shared_out_without_single_ones_and_without_what_is_no_label(
    given: dict[str, int], labels: list[str], expected: dict[str, float]
) -> None:
    assert share_out(given, labels) == pytest.approx(expected)


def test_labels_are_the_target_unless_votes_are_asked_for(root: Path) -> None:
    assert all(not sample.soft_target for sample in FERPlus(root).samples())


def test_votes_are_the_target_of_every_part(root: Path) -> None:
    samples = FERPlus(root, targets="votes").samples()
    found = by_name(samples)
    assert found["0"].soft_target == pytest.approx({"neutral": 0.6, "sadness": 0.2, "contempt": 0.2})
    assert found["3"].soft_target == pytest.approx({"neutral": 0.6, "sadness": 0.4})


def test_what_is_left_out_has_no_share_and_the_rest_adds_up_again(root: Path) -> None:
    found = by_name(FERPlus(root, targets="votes", leave_out=("contempt",)).samples())
    assert sorted(found) == ["0", "1", "3", "4", "5", "6"]
    assert found["0"].soft_target == pytest.approx({"neutral": 0.75, "sadness": 0.25})


def test_a_name_that_no_image_is_labelled_with_has_no_share(root: Path) -> None:
    assert "disgust" not in by_name(FERPlus(root, targets="votes").samples())["1"].soft_target


def teach(root: Path, *rows: str, header: str = f"face,file,{','.join(TAUGHT)}") -> Path:
    return write(root / "teacher.csv", header, *rows)


def test_a_teacher_is_mixed_into_the_training_images_alone(root: Path) -> None:
    folder = root / "FER2013Train"
    table = teach(
        root, f"0,{folder}/fer0000000.png,0.5,0.3,0.2", f"0,{root}/FER2013Test/fer0000003.png,0,0,1"
    )
    dataset = FERPlus(root, targets="votes", leave_out=("contempt",), teacher=table, teacher_weight=0.4)
    found = by_name(dataset.samples())
    expected = {"neutral": 0.6 * 0.75 + 0.4 * 0.5, "sadness": 0.6 * 0.25 + 0.4 * 0.3, "anger": 0.4 * 0.2}
    assert found["0"].soft_target == pytest.approx(expected)
    assert found["3"].soft_target == pytest.approx({"neutral": 0.6, "sadness": 0.4})
    assert found["1"].soft_target == pytest.approx({"anger": 1.0})


def test_a_teacher_goes_with_labels_too_and_what_it_gives_other_names_is_shared_out(root: Path) -> None:
    header = "name,anger,contempt,neutral,sadness"
    table = teach(root, "fer0000006.png,0.2,0.5,0,0.3", header=header)
    found = by_name(FERPlus(root, leave_out=("contempt",), teacher=table, teacher_weight=0.5).samples())
    assert found["6"].soft_target == pytest.approx({"sadness": 0.8, "anger": 0.2, "neutral": 0.0})
    assert not found["0"].soft_target


def test_how_many_images_the_teacher_has_is_told(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = teach(root, "0,fer0000000.png,0.5,0.3,0.2", "0,fer0000006.png,1,0,0", "0,fer0000001.png,,,")
    FERPlus(root, leave_out=("contempt",), teacher=table, teacher_weight=0.6).samples()
    assert "has 2 of 3 training images. Its weight was lowered for 1 of them" in caplog.text


def test_a_path_is_preferred_to_a_name_and_an_ambiguous_name_finds_nothing(tmp_path: Path) -> None:
    table = teach(tmp_path, "0,a/1.png,1,0,0", "0,b/1.png,0,1,0", "0,c/2.png,0,0,1")
    teacher = Teacher(table, TAUGHT)
    assert teacher.find(Path("b/1.png")) == {"neutral": 0, "sadness": 1, "anger": 0}
    assert not teacher.find(Path("elsewhere/1.png"))
    assert teacher.find(Path("elsewhere/2.png")) == {"neutral": 0, "sadness": 0, "anger": 1}


def test_an_image_without_probabilities_is_not_taught_by_another_of_its_name(tmp_path: Path) -> None:
    teacher = Teacher(teach(tmp_path, ",a/1.png,,,", "0,b/1.png,0,1,0"), TAUGHT)
    assert not teacher.find(Path("a/1.png"))
    assert not teacher.find(Path("elsewhere/1.png"))


@pytest.mark.parametrize(
    ("taught", "expected", "is_lowered"),
    [
        ({"anger": 0.9, "fear": 0.1}, 0.75, False),
        ({"anger": 0.0, "fear": 1.0}, 0.5 + LEAD / 2, True),
    ],
)
def test_a_teacher_never_makes_another_label_the_likeliest(
    taught: dict[str, float], expected: float, is_lowered: bool
) -> None:
    mixed, lowered = mix({"anger": 0.6, "fear": 0.4}, taught, 0.5, "anger")
    assert mixed["anger"] == pytest.approx(expected)
    assert sum(mixed.values()) == pytest.approx(1)
    assert lowered == is_lowered


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (("0,a.png,0.5,0.5",), "line 2: expected 5 cells"),
        (("0,a.png,50,30,20",), "line 2: expected probabilities from 0 to 1, got neutral: 50"),
        (("0,a.png,high,0,0",), "line 2: expected a probability for each label: .*'high'"),
        (("0,a.png,0,0,0",), "line 2: the probabilities of neutral, sadness, anger are all 0"),
        (("0,a.png,1,0,0", "1,a.png,0,1,0"), r"line 3: a\.png has an earlier row"),
        (("0,a.png,1,0,0",), r"has none of the training images.* ferkit predict FOLDER"),
    ],
)
def test_what_is_wrong_with_a_teachers_table_is_told(root: Path, rows: tuple[str, ...], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        FERPlus(root, leave_out=("contempt",), teacher=teach(root, *rows)).samples()


def test_a_teachers_table_needs_a_column_for_each_label_and_must_be_there(root: Path) -> None:
    table = teach(root, "fer0000000.png,1,0", header="path,neutral,anger")
    with pytest.raises(DataError, match=r"teacher\.csv has no column sadness; its columns are path, neutral"):
        FERPlus(root, leave_out=("contempt",), teacher=table).samples()
    (problem,) = FERPlus(root, teacher=root / "none.csv").problems()
    assert problem.startswith(f"there is no file {root / 'none.csv'}")
    with pytest.raises(ValueError, match=r"teacher_weight: expected a fraction from 0 to 1, got 30"):
        FERPlus(root, teacher=table, teacher_weight=30)


def test_an_image_that_is_not_there_may_be_left_out(root: Path) -> None:
    (root / "FER2013Train" / "fer0000001.png").unlink()
    with pytest.raises(DataError, match=r"line 3: fer0000001\.png: there is no file"):
        FERPlus(root).samples()
    dataset = FERPlus(root, missing="leave_out")
    assert "1" not in by_name(dataset.samples())
    assert dataset.left_out == {"without an image": 1}


def test_a_label_whose_images_are_all_missing_has_no_share(root: Path) -> None:
    dataset = FERPlus(root, targets="votes", missing="leave_out")
    gone = [sample for sample in dataset.samples() if sample.label == "contempt"]
    assert gone
    for sample in gone:
        sample.path.unlink()
    assert all("contempt" not in sample.soft_target for sample in dataset.samples())


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_file(), reason="FERKIT_DATA has no fer2013new.csv")
@pytest.mark.parametrize("rule", ["majority", "plurality"])
@pytest.mark.parametrize("labels", [FERPLUS, SEVEN])
def test_the_label_leads_the_real_votes(rule: Rule, labels: list[str]) -> None:
    from ferkit_datasets.rows import read_rows

    for row in read_rows(REAL, CHOICES):
        counts = {one: int(row.cells[one]) for one in CHOICES}
        label, _ = elect(counts, rule)
        if label in labels:
            shares = share_out(counts, labels)
            assert math.isclose(sum(shares.values()), 1)
            assert all(shares[label] > share for name, share in shares.items() if name != label)
