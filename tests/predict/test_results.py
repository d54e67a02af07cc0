"""Faces as lists, tables and detections of supervision."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ferkit.errors import DataError, RunError
from ferkit.predict import Faces, Predicted, Predictor, Results, Row, as_supervision
from ferkit.predict.row import columns
from tests.predict.drawn import LABELS, picture, write_picture, write_video
from tests.predict.test_compat import BARE, ROW

SPOT = picture((30, 10))


def encoded(image: Any) -> bytes:
    Image.fromarray(image).save(buffer := io.BytesIO(), "png")
    return buffer.getvalue()


def test_every_kind_of_image_gives_the_same_faces(model: Path, tmp_path: Path) -> None:
    file = write_picture(tmp_path / "a.png", (30, 10))
    predictor = Predictor(model)
    expected = predictor.predict([SPOT])[0][0].probabilities
    for image in (file, str(file), encoded(SPOT), Image.fromarray(SPOT), SPOT):
        (face,) = predictor(image)
        assert face.probabilities == pytest.approx(expected)
    (face,) = predictor(np.ascontiguousarray(SPOT[..., ::-1]), bgr=True)
    assert face.probabilities == pytest.approx(expected)
    (face,) = predictor(SPOT, bgr=True)
    assert face.box == (0, 0, 96, 64)  # its blue ground is red there


def test_several_images_give_a_list_in_their_order(model: Path, tmp_path: Path) -> None:
    predictor = Predictor(model)
    given = [picture(), SPOT, write_picture(tmp_path / "a.png", (5, 5), (60, 30))]
    results = predictor(given)
    assert isinstance(results, Results)
    assert [len(faces) for faces in results] == [0, 1, 2]
    assert [len(faces) for faces in predictor(iter(given))] == [0, 1, 2]
    assert [len(faces) for faces in predictor(tuple(given))] == [0, 1, 2]
    assert [len(faces) for faces in predictor(np.stack([picture(), SPOT]))] == [0, 1]
    assert predictor([]) == []
    assert isinstance(predictor(SPOT), Faces)
    assert predictor.predict(SPOT) == [predictor(SPOT)]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (None, "cv2.imread returns None"),
        (3, "got int"),
        (SPOT[..., 0], r"\(64, 96\)"),
        (SPOT.astype(float), "float64"),
        (b"no image", "image 0"),
        ([SPOT, None], "image 1"),
    ],
)
def test_what_is_no_image_is_an_error(model: Path, image: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Predictor(model)(image)
    if isinstance(image, np.ndarray):
        with pytest.raises(DataError, match="BGR"):
            Predictor(model)(image, bgr=True)


def test_a_table_has_the_columns_of_predict_and_a_row_for_an_image_without_a_face(model: Path) -> None:
    results = Predictor(model)([SPOT, picture()])
    table = results.to_pandas()
    assert list(table) == columns(LABELS)
    assert table["file"].tolist() == ["image 0", "image 1"]
    (face,) = results[0]
    assert table.loc[0, f"p_{LABELS[0]}"] == face.probabilities[LABELS[0]]
    assert (table.loc[0, "face"], table.loc[0, "label"], table.loc[0, "abstained"]) == (1, face.label, False)
    assert table.loc[1, columns(LABELS)[1:]].isna().all()
    assert pd.api.types.is_integer_dtype(table["face"])
    assert table["x0"].dtype == table[f"p_{LABELS[0]}"].dtype == "float64"
    pd.testing.assert_frame_equal(results[0].to_pandas(), table[:1])
    assert results[1].to_pandas()["file"].tolist() == ["image 1"]
    assert list(Results([], LABELS).to_pandas()) == columns(LABELS)


def test_a_table_escapes_a_file_name_that_is_no_utf8() -> None:
    rows = Faces([Row("a\udcff.png", face=1, probabilities={"NA": 1.0}, label="NA")])
    table = rows.to_pandas()
    assert table["file"].tolist() == ["a\\xff.png"]
    assert table["label"].tolist() == ["NA"]


def test_detections_of_supervision() -> None:
    found = as_supervision(
        [
            Row("a.png"),
            ROW,
            Row(
                "b.png",
                face=2,
                box=(0, 0, 5, 5),
                probabilities={"anger": 1.0, "happiness": 0.0, "contempt": 0.0},
                label="anger",
                abstained=True,
            ),
        ]
    )
    np.testing.assert_allclose(found.xyxy, [ROW.box, (0, 0, 5, 5)], rtol=1e-6)
    assert found.confidence.tolist() == [0.625, 1.0]
    assert found.class_id.tolist() == [1, 0]
    assert found.tracker_id is None
    assert found.data["class_name"].tolist() == ["happiness", "anger"]
    assert found.data["probabilities"].tolist() == [[0.125, 0.625, 0.25], [1, 0, 0]]
    assert found.data["abstained"].tolist() == [False, True]
    np.testing.assert_array_equal(found.data["keypoints"][0], ROW.landmarks)
    assert np.isnan(found.data["keypoints"][1]).all()
    assert np.isnan(found.data["face_score"][1])
    assert found[found.class_id == 1].data["class_name"].tolist() == ["happiness"]
    assert len(as_supervision([BARE])) == 1
    assert len(as_supervision([Row("a.png")])) == len(Faces().as_supervision()) == 0


def test_a_video_has_tracks(model: Path, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", [SPOT, SPOT])
    frames = [one for one in Predictor(model).stream(video) if isinstance(one, Predicted)]
    assert [one.faces().as_supervision().tracker_id.tolist() for one in frames] == [[1], [1]]
    assert list(frames[0].faces().to_pandas()) == columns(LABELS)


@pytest.mark.parametrize("package", ["pandas", "supervision"])
def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    convert = Faces([ROW]).to_pandas if package == "pandas" else Faces([ROW]).as_supervision
    with pytest.raises(RunError, match=rf"ferkit\[{package}\]"):
        convert()
