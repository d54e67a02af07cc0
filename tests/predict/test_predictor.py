"""From pictures to rows."""

from __future__ import annotations

import pydoc
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ferkit
from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.data.options import FaceOptions
from ferkit.errors import ComponentError, DataError, RunError
from ferkit.evaluation.metrics.calibration import apply_temperature
from ferkit.interfaces import Face, Sample
from ferkit.neural.batches import FaceImages
from ferkit.neural.load import rebuild_network
from ferkit.predict import Predicted, Predictor, Row
from ferkit.predict.face_finder import LONGER_SIDE
from ferkit.predict.media.sources import Ignored, InputError
from tests.predict.drawn import LABELS, PLUGIN, describe, picture, write_model, write_picture, write_video


def test_a_row_has_all_that_is_known_of_a_face(model: Path) -> None:
    ((row,),) = Predictor(model).predict([picture((30, 10))])
    assert (row.file, row.frame, row.time, row.face, row.track) == ("image 0", None, None, 1, None)
    assert row.box == (30, 10, 50, 30)
    assert row.face_score == pytest.approx(0.9)
    expected = [(32, 12), (36, 16), (40, 20), (44, 24), (48, 28)]
    np.testing.assert_allclose(np.array(row.landmarks), expected, atol=1e-3)
    assert list(row.probabilities) == list(LABELS)
    assert sum(row.probabilities.values()) == pytest.approx(1)
    assert row.label == max(row.probabilities, key=row.probabilities.__getitem__)
    assert row.abstained is False


def test_faces_are_numbered_from_1_and_a_picture_without_any_has_no_rows(model: Path) -> None:
    found = Predictor(model).predict([picture((5, 5), (60, 30)), picture(), picture((5, 5))])
    assert [[row.face for row in rows] for rows in found] == [[1, 2], [], [1]]


def test_probabilities_are_those_of_training_divided_by_the_temperature(tmp_path: Path) -> None:
    """The face goes through the reader, the crop, the resizing and the network that a run's goes through."""
    file = write_model(tmp_path / "m.safetensors", temperature=2.0, faces=FaceOptions(margin=0.4))
    image = np.random.default_rng(0).integers(0, 100, (64, 96, 3), np.uint8)
    image[10:30, 30:50] = (220, 30, 30)
    ((row,),) = Predictor(file, device="cpu").predict([image])
    crop = image[6:34, 26:54]  # 0.4 / 2 of the longer side on every side
    face = Face(Sample(Path("a.png"), "anger"), crop, None, None, "")
    shown, _ = FaceImages([face], LABELS, 24, "facenet")[0, 0]
    network = rebuild_network(file, describe().model, load_plugins([PLUGIN]), LABELS)
    with torch.no_grad():
        trained = network(shown[None]).double().softmax(dim=1).numpy()
    expected = apply_temperature(trained, 2.0)[0]
    assert list(row.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-6)
    assert max(row.probabilities.values()) < trained.max()


def test_a_row_below_the_threshold_abstains_and_keeps_its_label(model: Path) -> None:
    ((sure,),) = Predictor(model, threshold=0.1).predict([picture((5, 5))])
    ((unsure,),) = Predictor(model, threshold=0.99).predict([picture((5, 5))])
    assert (sure.abstained, unsure.abstained) == (False, True)
    assert unsure.label == sure.label


def test_a_batch_of_pictures_and_faces_gives_what_they_give_one_by_one(model: Path) -> None:
    pictures = [picture((3 * n, n), (60, 2 * n)) for n in range(7)]
    one_by_one = [Predictor(model, batch_size=1).predict([one])[0] for one in pictures]
    for rows, others in zip(Predictor(model, batch_size=3).predict(pictures), one_by_one, strict=True):
        assert [row.box for row in rows] == [row.box for row in others]
        for row, other in zip(rows, others, strict=True):
            assert row.probabilities == pytest.approx(other.probabilities, abs=1e-6)


def test_the_best_faces_of_each_picture_are_kept_in_the_order_of_the_detector(model: Path) -> None:
    predictor = Predictor(model, most_faces=2)
    find = predictor._find_boxes

    def rank(images: Any) -> Any:
        found = find(images)
        return [replace(one, scores=np.float32([0.5, 0.9, 0.7, 0.1])[: len(one.boxes)]) for one in found]

    predictor._find_boxes = rank  # type: ignore[assignment]
    four = picture((2, 5), (26, 5), (50, 5), (74, 5))
    several, one = predictor.predict([four, picture((2, 5))])
    assert [row.face_score for row in several] == pytest.approx([0.9, 0.7])
    assert [row.face for row in several] == [1, 2]
    assert [row.face_score for row in one] == pytest.approx([0.5])


def test_pictures_go_to_the_detector_together(model: Path) -> None:
    predictor = Predictor(model, batch_size=4)
    predictor.predict([picture()] * 10)
    assert predictor._find_boxes.detector.detector.batches == [4, 4, 2]  # type: ignore[attr-defined]


def test_in_a_large_picture_faces_are_found_in_a_copy_and_given_in_its_own_pixels(model: Path) -> None:
    width = 2 * LONGER_SIDE
    large = np.full((width // 4, width, 3), (20, 40, 200), np.uint8)
    large[100:300, 3000:3200] = (220, 30, 30)
    ((row,),) = Predictor(model).predict([large])
    assert row.box == pytest.approx((3000, 100, 3200, 300), abs=3)
    assert row.landmarks
    assert row.landmarks[2] == pytest.approx((3100, 200), abs=3)


def test_a_stream_has_everything_in_order(model: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", (5, 5))
    (tmp_path / "b.txt").touch()
    (tmp_path / "c.png").write_text("broken")
    write_picture(tmp_path / "d.png")
    kinds = [type(one) for one in Predictor(model).stream([tmp_path])]
    assert kinds == [Predicted, Ignored, InputError, Predicted]


def test_a_picture_without_a_face_has_one_row_that_says_so(model: Path, tmp_path: Path) -> None:
    file = write_picture(tmp_path / "d.png")
    (one,) = Predictor(model).stream([file])
    assert isinstance(one, Predicted)
    assert one.rows == [Row(str(file))]


def test_faces_of_a_video_are_tracked_and_another_video_begins_anew(model: Path, tmp_path: Path) -> None:
    frames = [picture((4 * n, 5), (70 - 4 * n, 40)) for n in range(12)]
    videos = [write_video(tmp_path / f"{n}.avi", frames) for n in range(2)]
    rows = [row for one in Predictor(model).stream(videos) if isinstance(one, Predicted) for row in one.rows]
    assert len(rows) == 2 * 2 * 12
    upper = [row for row in rows if row.box and row.box[1] < 20]
    lower = [row for row in rows if row.box and row.box[1] > 20]
    assert {row.track for row in upper} == {1}
    assert {row.track for row in lower} == {2}
    assert [row.frame for row in upper] == [*range(12), *range(12)]


def test_a_detector_without_landmarks_gives_none(tmp_path: Path) -> None:
    file = write_model(tmp_path / "m.safetensors")
    detector = '{name="spots", has_landmarks=false}'
    ((row,),) = Predictor(file, detector=detector).predict([picture((5, 5))])
    assert row.landmarks is None


def test_another_detector_takes_the_place_of_the_models(model: Path) -> None:
    ((row,),) = Predictor(model, detector="whole_image").predict([picture()])
    assert row.box == (0, 0, 96, 64)


@pytest.mark.parametrize(
    ("detector", "error", "message"),
    [
        ("mtcn", ComponentError, "Did you mean 'mtcnn'"),
        ("{name=", RunError, "--detector"),
        ('{name="mtcnn", min_face_siz=3}', RunError, "min_face_size"),
    ],
)
def test_a_detector_with_a_problem_is_refused(
    model: Path, detector: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Predictor(model, detector=detector)


def test_a_network_of_more_classes_than_labels_is_refused(model: Path) -> None:
    predictor = Predictor(model)
    predictor.labels = LABELS[:2]
    with pytest.raises(RunError, match=r"shape \(1, 2\) for the labels anger, happiness, got \(1, 3\)"):
        predictor.predict([picture((5, 5))])


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 1.5},
        {"batch_size": 0},
        {"batch_size": 1.5},
        {"batch_size": "8"},
        {"device": "tpu"},
        {"device": 0},
        {"detector": {"name": "mtcnn"}},
    ],
)
def test_options_out_of_range_are_refused(model: Path, options: dict[str, object]) -> None:
    with pytest.raises(RunError, match=next(iter(options))):
        Predictor(model, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_an_array_that_is_no_picture_is_refused(model: Path, image: object) -> None:
    with pytest.raises(DataError, match=r"image 0: expected an RGB array of shape \(H, W, 3\), uint8"):
        Predictor(model).predict([image])  # type: ignore[list-item]


def test_a_file_that_is_no_picture_is_refused_by_predict(model: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        Predictor(model).predict([tmp_path / "none.png"])


def test_a_real_face_is_found_whichever_way_the_image_is_stored(tmp_path: Path) -> None:
    from skimage.data import astronaut

    file = write_model(tmp_path / "m.safetensors", detector=Part(name="mtcnn"))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = tmp_path / "turned.jpg"
    Image.fromarray(astronaut()).rotate(90, expand=True).save(turned, quality=95, exif=exif)
    plain, upright = Predictor(file).predict([astronaut(), turned])
    assert plain[0].face_score
    assert plain[0].face_score > 0.99
    assert plain[0].box == pytest.approx((181, 62, 268, 172), abs=3)
    assert upright[0].box == pytest.approx(plain[0].box, abs=4)
    assert plain[0].landmarks
    left, right = plain[0].landmarks[:2]
    assert left[0] < right[0]


def test_the_public_names_are_shown_by_dir_and_help() -> None:
    assert ferkit.Predictor is Predictor
    assert dir(ferkit) == sorted(ferkit.__all__)
    assert all(hasattr(ferkit, name) for name in ferkit.__all__)
    shown = pydoc.plain(pydoc.render_doc(ferkit))
    for words in ("class Predictor(", "threshold: Rows", "class Row(", "face_score: The detector's"):
        assert words in shown


def test_importing_ferkit_and_listing_its_names_imports_nothing_heavy() -> None:
    heavy = {"torch", "numpy", "cv2", "pydantic"}
    code = f"import sys, ferkit, ferkit.predict; dir(ferkit); print({heavy} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "set()\n"
    with pytest.raises(AttributeError, match="no attribute 'Predicter'"):
        ferkit.Predicter  # noqa: B018


def test_images_need_neither_scipy_nor_albumentations_nor_accelerate(model: Path, tmp_path: Path) -> None:
    """What the first answer does not need would keep it waiting."""
    file = write_picture(tmp_path / "a.png", (5, 5))
    code = (
        "import sys; from ferkit.cli import main\n"
        f"sys.argv = ['ferkit', 'predict', {str(file)!r}, '--model', {str(model)!r}, '--trust-plugins']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print({'scipy', 'albumentations', 'accelerate', 'matplotlib', 'sklearn', 'av'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("shape", [(5000, 1, 3), (1, 5000, 3)])
def test_a_strip_of_one_pixel_is_looked_at(model: Path, shape: tuple[int, int, int]) -> None:
    assert Predictor(model).predict([np.zeros(shape, np.uint8)]) == [[]]


@pytest.mark.parametrize("kind", [str, Path])
def test_one_name_stands_for_a_list_of_it(model: Path, tmp_path: Path, kind: type[str | Path]) -> None:
    file = kind(write_picture(tmp_path / "a.png", (5, 5)))
    predictor = Predictor(model)
    assert [[row.file for row in rows] for rows in predictor.predict(file)] == [[str(file)]]
    (one,) = predictor.stream(file)
    assert isinstance(one, Predicted)


def test_an_image_may_be_a_path_bytes_a_pil_image_or_an_array(model: Path, tmp_path: Path) -> None:
    file = write_picture(tmp_path / "a.png", (5, 5))
    given = [str(file), file, file.read_bytes(), Image.open(file), picture((5, 5))]
    found = Predictor(model).predict(given)
    assert len({tuple(row.probabilities.items()) for (row,) in found}) == 1
    assert [row.file for (row,) in found][2:] == ["image 2", "image 3", "image 4"]
    (alone,) = Predictor(model).predict(file.read_bytes())
    assert alone[0].probabilities == pytest.approx(found[0][0].probabilities)


@pytest.mark.parametrize(("image", "words"), [(7, "got int"), (b"text", "not an image")])
def test_what_is_no_image_is_named_by_its_number(model: Path, image: object, words: str) -> None:
    with pytest.raises(DataError, match=f"image 0: .*{words}"):
        Predictor(model).predict([image])  # type: ignore[list-item]


def test_the_home_folder_may_be_short(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_picture(tmp_path / "a.png", (5, 5))
    assert len(Predictor(model).predict("~/a.png")[0]) == 1
    assert [type(one) for one in Predictor(model).stream("~/a.png")] == [Predicted]


def test_probabilities_that_are_not_finite_are_refused_with_the_models_name(tmp_path: Path) -> None:
    model = write_model(tmp_path / "spots.safetensors")
    predictor = Predictor(model)
    predictor._classify = lambda faces: np.full((len(faces), len(LABELS)), np.nan)
    with pytest.raises(RunError, match=r"spots\.safetensors.*not finite"):
        predictor.predict([picture((5, 5))])
