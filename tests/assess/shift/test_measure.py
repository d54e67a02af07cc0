"""Scores on changed images: from files to curves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ferkit.assess.evaluate import evaluate
from ferkit.assess.files import write_evaluation
from ferkit.assess.result import NO_FACE, Evaluation
from ferkit.assess.shift import KINDS, score_files
from ferkit.assess.shift.effects import Image
from ferkit.assess.shift.measure import Scorer, change_face
from ferkit.assess.text import describe
from ferkit.assess.units import Units
from ferkit.data.images import read_image
from ferkit.data.options import FaceOptions
from ferkit.errors import DataError
from ferkit.interfaces import Detections
from ferkit.predict import Predictor
from tests.assess.made_up import LABELS, predict
from tests.assess.shift.test_effects import draw_face, locate
from tests.predict.drawn import write_model, write_picture

SHA = "0123456789abcdef" * 4


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two classes of four spots each, and one image without a face."""
    for place, label in enumerate(("happiness", "neutral")):
        for number in range(4):
            write_picture(tmp_path / "images" / label / f"{number}.png", (10 + 15 * number, 20 + place))
    write_picture(tmp_path / "images" / "neutral" / "none.png")
    return tmp_path / "images"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model.safetensors")


def score(model: Path, images: Path, **options: object) -> Evaluation:
    return evaluate(model, images, trust_plugins=True, **options)  # type: ignore[arg-type]


def list_images(folder: Path) -> list[tuple[Path, str]]:
    return [(file, file.parent.name) for file in sorted(folder.rglob("*.png"))]


def test_every_kind_has_its_curve_and_twice_the_same(images: Path, model: Path) -> None:
    found = score(model, images, shift=True)
    assert [one.kind for one in found.shift] == list(KINDS)
    for one in found.shift:
        assert tuple(level.level for level in one.levels) == KINDS[one.kind].levels
        assert one.faces == 8
        assert [bool(level.changes) for level in one.levels] == [False] * (len(one.levels) - 1) + [True]
    assert score(model, images, shift=True).shift == found.shift
    assert score(model, images).shift == ()


def test_answers_are_those_of_the_predictor_for_the_changed_image(images: Path, model: Path) -> None:
    """Darkness changes no position: the detections of the unchanged image are the predictor's own."""
    predictor = Predictor(model, trust_plugins=True)
    (dark,) = score_files(predictor, list_images(images), "dark")
    for one in dark.levels:
        right = 0
        for path, label in list_images(images):
            rows = predictor.predict(path)[0]
            if rows:
                darker = np.rint(read_image(path) * one.level).astype(np.uint8)
                face = np.array([rows[0].box], np.float32), np.ones(1), np.array([rows[0].landmarks])
                answer = predictor.classify_faces([darker], [Detections(*face)])[0]
                right += predictor.labels[int(answer.argmax())] == label
        assert one.scores["accuracy"] == right / 9


def test_images_without_a_face_stay_wrong_or_skipped(images: Path, model: Path) -> None:
    wrong, skipped = (score(model, images, shift="noise", no_face=one) for one in ("wrong", "skip"))
    for one, other in zip(wrong.shift[0].levels, skipped.shift[0].levels, strict=True):
        assert one.scores["accuracy"] * 9 == pytest.approx(other.scores["accuracy"] * 8)


def test_only_labels_that_compete_are_answered(images: Path, model: Path) -> None:
    found = score(model, images, shift="dark", among=["neutral"], rename={"happiness": "neutral"})
    assert all(one.scores["accuracy"] == 8 / 9 for one in found.shift[0].levels)


def test_faces_that_a_change_does_not_alter_are_counted_and_warned_about(images: Path, model: Path) -> None:
    found = score(model, images, shift="small,blur")
    blur, small = found.shift
    assert [one.unaffected for one in small.levels] == [8, 8, 8, 0]  # the faces have 20 pixels
    assert all(one.scores["accuracy"] == found.scores["accuracy"].value for one in small.levels[:3])
    (warning,) = [one for one in found.warnings if "small 24 (8 of 8)" in one]
    assert "small 16" not in warning
    assert [one.unaffected for one in blur.levels][1:] == [0, 0, 0]


def changes(image: Image, found: Detections, sha256: str = SHA) -> dict[tuple[str, float], Image]:
    settings = [(kind, level) for kind in KINDS for level in KINDS[kind].levels]
    made = change_face(image, found, settings, FaceOptions(), sha256)
    return {setting: changed for setting, changed, _ in made}


def test_random_numbers_depend_on_the_content_of_the_image_only() -> None:
    first, again, other = (changes(draw_face(), locate(), one) for one in (SHA, SHA, "f" * 64))
    assert all(np.array_equal(image, again[setting]) for setting, image in first.items())
    for setting in (("noise", 10), ("occlusion", 0.3)):
        assert not np.array_equal(first[setting], other[setting])
    assert np.array_equal(first["blur", 0.1], other["blur", 0.1])


def test_a_box_that_fills_the_image_does_not_grow() -> None:
    whole = locate(0, 0, 200, 160)
    kinds = [kind for kind, _ in changes(draw_face(), whole)]
    assert "looser" not in kinds
    assert kinds.count("tighter") == 4


def test_changes_are_paired_with_the_unchanged_images() -> None:
    made = [*predict("happiness", "happiness", 10), *predict("neutral", "neutral", 10)]
    units = (Units("image", tuple(f"{one.label}{number}" for number, one in enumerate(made))),)
    scorer = Scorer(made, LABELS, units)
    scores, changed = scorer.score([one.predicted for one in made], has_intervals=True)
    assert scores == {"accuracy": 1, "mean_recall": 1}
    assert changed["accuracy"].value == 0
    assert changed["accuracy"].intervals["image"] == (0, 0)  # apart, two scores of 20 images would vary
    half = ["neutral"] * 5 + ["happiness"] * 5 + ["neutral"] * 8 + [NO_FACE] * 2
    scores, changed = scorer.score(half, has_intervals=True)
    assert scores["accuracy"] == pytest.approx(13 / 20)
    assert changed["accuracy"].value == pytest.approx(-7 / 20)
    low, high = changed["accuracy"].intervals["image"]
    assert low < -7 / 20 < high < 0
    assert scorer.score(half, has_intervals=False)[1] == {}


def test_few_units_have_no_interval() -> None:
    made = predict("happiness", "happiness", 4)
    scorer = Scorer(made, LABELS, (Units("image", ("a", "b", "c", "d")),))
    assert scorer.score(["happiness"] * 4, has_intervals=True)[1]["accuracy"].intervals == {}


def test_the_table_the_json_and_the_page_have_the_curves(images: Path, model: Path, tmp_path: Path) -> None:
    found = score(model, images, shift=["blur", "off_center"])
    lines = list(describe(found, 80))
    assert max(len(line) for line in lines if not line.startswith("  ")) <= 80
    (blur, _) = [line.split() for line in lines if line.startswith("blur ")]
    levels = found.shift[0].levels
    expected = [cell for one in levels for cell in (f"{one.level:g}", f"{100 * one.scores['accuracy']:.1f}")]
    assert blur[1:9] == expected
    assert blur[9] == f"{100 * levels[-1].changes['accuracy'].value:+.1f}"
    write_evaluation(found, tmp_path / "out")
    table = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert [one["kind"] for one in table["shift"]] == ["blur", "off_center"]
    assert table["shift"][0]["levels"][3]["scores"]["accuracy"] == levels[3].scores["accuracy"]
    assert table["shift"][0]["levels"][3]["changes"]["accuracy"]["intervals"]["image"]
    page = (tmp_path / "out" / "evaluation.html").read_text()
    assert "Changed images" in page
    assert (tmp_path / "out" / "figures" / "shift.png").stat().st_size > 1000


def test_an_unknown_kind_is_refused_before_the_data_are_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'blur'"):
        evaluate(None, tmp_path / "nothing", shift="blurr")
