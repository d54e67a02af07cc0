"""POST /predict: inputs and forms of the answer."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from starlette.testclient import TestClient

from ferkit.predict.output.tables import json_row
from ferkit.predict.predictor import Predictor
from ferkit.serve.decode import decode_moving
from tests.serve.made import animation, image, video

PNG = {"content-type": "image/png"}
FIELD = b'--a\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--a--\r\n'
"""A form with a field, but no file."""


def test_a_form_with_several_images_gets_the_rows_of_ferkit_predict(
    client: TestClient, predictor: Predictor, tmp_path: Path
) -> None:
    one, two = image((10, 10)), image((10, 10), (60, 30))
    answer = client.post("/predict", files=[("file", ("a.png", one)), ("file", ("b.png", two))])
    assert answer.status_code == 200
    (tmp_path / "a.png").write_bytes(one)
    (tmp_path / "b.png").write_bytes(two)
    expected = [
        json_row(row)
        for file in ("a.png", "b.png")
        for found in predictor.stream(tmp_path / file)
        for row in found.rows  # type: ignore[union-attr]
    ]
    given = answer.json()
    for row in expected:
        row["file"] = Path(row["file"]).name
    rows = given["rows"]
    assert [row["file"] for row in rows] == ["a.png", "b.png", "b.png"]
    for row, like in zip(rows, expected, strict=True):
        assert row["probabilities"] == pytest.approx(like["probabilities"], abs=1e-5)
        assert {**row, "probabilities": 0, "confidence": 0} == {**like, "probabilities": 0, "confidence": 0}
    assert given["labels"] == list(predictor.labels)
    assert given["problems"] == []


def test_the_body_may_be_the_image_itself(client: TestClient) -> None:
    answer = client.post("/predict", content=image((10, 10)), headers=PNG)
    assert [row["file"] for row in answer.json()["rows"]] == ["image 1"]


def test_json_has_images_in_base64(client: TestClient) -> None:
    text = base64.b64encode(image((10, 10))).decode()
    answer = client.post("/predict", json={"images": [text, f"data:image/png;base64,{text}"]})
    assert [row["file"] for row in answer.json()["rows"]] == ["image 1", "image 2"]


def test_an_image_without_a_face_has_a_row_that_says_so(client: TestClient) -> None:
    (row,) = client.post("/predict", content=image(), headers=PNG).json()["rows"]
    assert row["face"] is None
    assert row["probabilities"] is None


@pytest.mark.parametrize(("content", "frames"), [(video(12), 12), (animation(5), 5)], ids=["avi", "gif"])
def test_a_video_has_rows_with_times_and_a_track(client: TestClient, content: bytes, frames: int) -> None:
    answer = client.post("/predict", files={"file": ("clip", content)}).json()
    assert [row["frame"] for row in answer["rows"]] == list(range(frames))
    assert {row["track"] for row in answer["rows"]} == {1}
    assert answer["rows"][4]["time"] == pytest.approx(0.4)
    assert answer["problems"] == []


def test_every_skips_frames(client: TestClient) -> None:
    answer = client.post("/predict?every=5", files={"file": ("clip.avi", video(12))}).json()
    assert [row["frame"] for row in answer["rows"]] == [0, 5, 10]


def test_a_file_that_fails_is_a_problem_beside_the_rows_of_the_others(client: TestClient) -> None:
    files = [("file", ("a.png", image((10, 10)))), ("file", ("b.png", b"no image"))]
    answer = client.post("/predict", files=files)
    assert answer.status_code == 200
    assert [row["file"] for row in answer.json()["rows"]] == ["a.png"]
    (problem,) = answer.json()["problems"]
    assert problem["file"] == "b.png"
    assert "neither an image nor a video" in problem["reason"]


def test_a_truncated_image_is_refused(client: TestClient) -> None:
    answer = client.post("/predict", content=image((10, 10), form="jpeg")[:500], headers=PNG)
    assert answer.status_code == 422
    assert "image 1" in answer.json()["error"]


def test_a_damaged_end_of_a_video_is_a_problem_beside_its_rows(client: TestClient) -> None:
    answer = client.post("/predict", files={"file": ("clip.avi", video(40)[:-9000])}).json()
    assert len(answer["rows"]) > 5
    assert [problem["file"] for problem in answer["problems"]] == ["clip.avi"]


def test_the_form_csv_has_the_columns_of_ferkit_predict(client: TestClient) -> None:
    files = {"file": ("=1+1.png", image((10, 10)))}
    (row,) = csv.DictReader(io.StringIO(client.post("/predict?format=csv", files=files).text))
    assert row["file"] == "'=1+1.png"
    assert float(row["p_anger"]) <= 1
    assert row["face"] == "1"


def test_the_form_csv_has_a_row_with_the_reason_for_each_file_that_failed(client: TestClient) -> None:
    files = [
        ("file", ("=bad.png", b"no image")),
        ("file", ("a.png", image((10, 10)))),
        ("file", ("b.png", image())),
    ]
    bad, good, empty = csv.DictReader(io.StringIO(client.post("/predict?format=csv", files=files).text))
    assert (bad.pop("file"), good["file"], empty["file"]) == ("'=bad.png", "a.png", "b.png")
    assert "image" in bad.pop("problem")
    assert set(bad.values()) == {""}
    assert (good["problem"], empty["problem"], empty["face"]) == ("", "", "")


def test_the_form_deepface_has_its_keys(client: TestClient) -> None:
    (face,) = client.post("/predict?format=deepface", content=image((10, 10)), headers=PNG).json()["results"]
    assert set(face) == {"emotion", "dominant_emotion", "region", "face_confidence"}
    assert sum(face["emotion"].values()) == pytest.approx(100)
    assert face["region"]["w"] > 0


def test_the_form_deepface_of_several_images_is_a_list_for_each(client: TestClient) -> None:
    text = base64.b64encode(image((10, 10))).decode()
    answer = client.post("/predict?format=deepface", json={"images": [text, text]}).json()
    assert [len(faces) for faces in answer["results"]] == [1, 1]


def test_the_form_deepface_refuses_a_video(client: TestClient) -> None:
    answer = client.post("/predict?format=deepface", files={"file": ("clip.avi", video(3))})
    assert answer.status_code == 422
    assert "video" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "word"),
    [
        (b"", "image/png", 422, "empty"),
        (b"x", "text/plain", 422, "text/plain"),
        (b"x", "", 422, "Content-Type"),
        (b"{", "application/json", 400, "JSON"),
        (b"\xff", "application/json", 400, "JSON"),
        (b"[" * 100_000, "application/json", 400, "JSON"),
        (b"[1]", "application/json", 422, "images"),
        (b'{"image": []}', "application/json", 422, "images"),
        (b'{"images": "abc"}', "application/json", 422, "list of strings"),
        (b'{"images": [1]}', "application/json", 422, "list of strings"),
        (b'{"images": []}', "application/json", 422, "no file"),
        (b'{"images": ["%%%"]}', "application/json", 422, "base64"),
        (b'{"urls": ["http://a.org/x.png"]}', "application/json", 422, "--allow-urls"),
        (b"x", "multipart/form-data", 400, "boundary"),
        (b"x", "multipart/form-data; boundary=a", 400, "form"),
        (FIELD, "multipart/form-data; boundary=a", 422, "no file"),
    ],
)
def test_a_malformed_request_is_told_what_is_wrong(
    client: TestClient, body: bytes, kind: str, status: int, word: str
) -> None:
    answer = client.post("/predict", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert word in answer.json()["error"]


@pytest.mark.parametrize(("query", "key"), [("format=xml", "format"), ("every=0", "every")])
def test_an_unknown_option_is_named(client: TestClient, query: str, key: str) -> None:
    answer = client.post(f"/predict?{query}", content=image(), headers=PNG)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"{key}: ")


def test_an_unknown_path_and_method_are_answered_in_json(client: TestClient) -> None:
    assert client.get("/nothing").status_code == 404
    assert client.get("/predict").status_code == 405
    assert json.loads(client.get("/nothing").text)["error"]


def test_images_are_answered_while_a_video_is_decoded(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_begun, may_go_on = Event(), Event()

    def decode_slowly(*given: Any) -> Iterator[Any]:
        has_begun.set()
        assert may_go_on.wait(20)
        yield from decode_moving(*given)

    monkeypatch.setattr("ferkit.serve.engine.decode_moving", decode_slowly)
    with ThreadPoolExecutor(1) as thread:
        clip = thread.submit(client.post, "/predict", files={"file": ("clip.avi", video(3))})
        assert has_begun.wait(20)
        assert client.post("/predict", files={"file": ("a.png", image())}).status_code == 200
        assert not clip.done()
        may_go_on.set()
        assert len(clip.result(20).json()["rows"]) == 3
