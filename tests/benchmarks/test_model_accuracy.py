"""The script that tells how often a model is right: who counts, and as what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.model_accuracy import FEWEST, NO_FACE, Judged, main, score, score_groups, show
from ferkit.plugin import Sample
from tests.predict.drawn import write_model, write_picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two spots that the model takes for one label, and a picture of nothing."""
    write_picture(tmp_path / "data" / "neutral" / "a.png", (30, 30))
    write_picture(tmp_path / "data" / "neutral" / "b.png")
    write_picture(tmp_path / "data" / "smiling" / "c.png", (30, 30))
    write_model(tmp_path / "model.safetensors")
    return tmp_path


def arguments(folder: Path, *more: str) -> list[str]:
    data = f'{{name="image_folder", root="{folder / "data"}"}}'
    return ["--model", str(folder / "model.safetensors"), "--data", data, *more]


def test_a_picture_without_a_face_counts_as_wrong(folder: Path) -> None:
    file = folder / "figures.json"
    asked = ["--rename", "smiling=happiness", "--between", "neutral,happiness", "--out", str(file)]
    main(arguments(folder, *asked))
    found = json.loads(file.read_text())
    assert (found["images"], found["with a face"], found["groups"]) == (3, 2, 3)
    # Both spots get the same label, so one of them is right; the picture of nothing never is.
    assert found["accuracy"] == 33.33
    assert sorted(found["recall"].values()) in ([0, 50], [0, 100])


def test_each_group_of_a_kind_is_scored_alone_unless_it_is_small(capsys: pytest.CaptureFixture[str]) -> None:
    def judged(gender: str, predicted: str, count: int) -> list[Judged]:
        groups = {"gender": gender} if gender else {}
        samples = [Sample(Path(f"{gender}{predicted}{i}.png"), "neutral", groups) for i in range(count)]
        return [Judged(one, "neutral", predicted) for one in samples]

    people = judged("", "happiness", 1)
    assert (
        score_groups(people * FEWEST, "person", "gender")["unknown"]["accuracy"] == 0
    )  # in no group, so alone
    people = judged("female", "neutral", 9) + judged("female", "happiness", 3) + judged("male", "neutral", 10)
    found = score_groups(people + judged("", "neutral", FEWEST - 1), "", "gender")
    assert list(found) == ["female", "male", "unknown"]
    assert (found["female"]["accuracy"], found["male"]["accuracy"]) == (75, 100)
    assert found["female"]["accuracy, 95% interval"][0] < 75
    assert found["unknown"] == {"images": FEWEST - 1}
    show({"by gender": found})
    assert "  female:\n    images: 12\n" in capsys.readouterr().out


def test_a_label_that_the_model_has_not_is_named(folder: Path) -> None:
    with pytest.raises(SystemExit, match=r"no label smiling\. It has anger, happiness, neutral"):
        main(arguments(folder))


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (["--part", "test"], "--part test: no image is in that split. Available: none"),
        (["--data", "sfew"], "--data: expected a table"),
        (["--rename", "smiling"], "--rename smiling: expected THEIRS=OURS"),
        (["--between", "neutral,joy"], "--between: the model has no label joy"),
        (["--between", "neutral", "--group", "movie"], "--group movie: no image is in a group"),
        (["--between", "neutral", "--by", "gender"], "--by gender: no image is in a group"),
        (["--data", '{name="image_folder", root="${NOT_SET_HERE}"}'], "NOT_SET_HERE is not set"),
    ],
)
def test_data_that_can_not_be_had_are_told(folder: Path, more: list[str], problem: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments(folder, *more))
    assert problem in str(ended.value)


def test_intervals_draw_whole_groups() -> None:
    judged = [
        Judged(Sample(Path(f"{movie}{number}"), "anger", {"movie": str(movie)}), "anger", guess)
        for movie in range(8)
        for number, guess in enumerate(["anger" if movie % 2 else NO_FACE] * 20)
    ]
    wide, narrow = (score(judged, kind)["accuracy, 95% interval"] for kind in ("movie", ""))
    assert wide[1] - wide[0] > 2 * (narrow[1] - narrow[0])
