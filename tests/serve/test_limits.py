"""Limits of a request. Each has a status and a message."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from ferkit.predict.predictor import Predictor
from ferkit.serve import decode
from ferkit.serve.limits import Limits, RequestError
from ferkit.serve.upload import read_body
from tests.serve.conftest import Connect
from tests.serve.made import animation, bomb, growing_video, image, video

PNG = {"content-type": "image/png"}


def refused(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["error"])


def test_a_body_above_the_limit_is_refused_by_its_declared_size(connect: Connect) -> None:
    client = connect(megabytes=0.001)
    assert "0.001 MB" in refused(client.post("/predict", content=bytes(1001), headers=PNG), 413)


@pytest.mark.parametrize(("declared", "read"), [("2501", 0), (None, 3), ("10", 3)])
def test_no_more_of_a_large_body_is_read_than_needed(declared: str | None, read: int) -> None:
    arrived = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal arrived
        for _ in range(100):
            arrived += 1
            yield bytes(1000)

    with pytest.raises(RequestError, match=r"0\.0025 MB"):
        asyncio.run(read_body(chunks(), declared, Limits(megabytes=0.0025)))
    assert arrived == read


@pytest.mark.parametrize("content", [bomb(20_000, 20_000), bomb(3000, 1)], ids=["bomb", "wide"])
def test_an_image_with_too_many_pixels_is_refused_before_it_is_decoded(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(decode, "decode_image", None)
    client = connect(megapixels=0.002)
    assert "0.002 megapixels" in refused(client.post("/predict", content=content, headers=PNG), 413)


def test_a_video_with_too_many_pixels_is_refused_before_it_is_decoded(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "read_encoded", None)
    client = connect(megapixels=0.005)
    assert "96 × 64 pixels" in refused(client.post("/predict", files={"file": ("v", video(3))}), 413)


@pytest.mark.parametrize(
    ("width", "status", "word"),
    [(150, 413, "150 × 100 pixels"), (960, 200, "1 frame of 4 cannot be decoded")],
)
def test_a_frame_larger_than_the_header_says_is_not_processed(
    connect: Connect, width: int, status: int, word: str
) -> None:
    """The header has 96 × 64 pixels. Frames of more than twice the limit are not even decoded."""
    client = connect(megapixels=0.01)
    content = growing_video(width, 100 if width == 150 else 640)
    answer = client.post("/predict", files={"file": ("v.avi", content)})
    assert answer.status_code == status
    assert word in str(answer.json())


@pytest.mark.parametrize("form", ["pcx", "tga", "ico", "sgi", "icns"])
def test_an_image_in_a_rare_format_is_refused(connect: Connect, form: str) -> None:
    content = image((10, 10), form=form)
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.format == form.upper()
    assert "neither an image" in refused(connect().post("/predict", content=content, headers=PNG), 422)


@pytest.mark.parametrize("content", [video(12), animation(12)], ids=["avi", "gif"])
def test_a_video_with_too_many_frames_is_refused_with_a_way_out(connect: Connect, content: bytes) -> None:
    client = connect(frames=5)
    assert "?every=3" in refused(client.post("/predict", files={"file": ("v", content)}), 413)
    answer = client.post("/predict?every=3", files={"file": ("v", content)})
    assert [row["frame"] for row in answer.json()["rows"]] == [0, 3, 6, 9]


def test_a_video_that_hides_its_length_is_refused_at_the_limit(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "_check_frames", lambda *_: None)
    client = connect(frames=5)
    assert "more than 5 frames" in refused(client.post("/predict", files={"file": ("v", video(12))}), 413)


def test_too_many_faces_are_refused(connect: Connect) -> None:
    client, faces = connect(faces=2), ((5, 5), (35, 5), (65, 5))
    assert "more than 2 faces" in refused(client.post("/predict", content=image(*faces), headers=PNG), 413)
    assert client.post("/predict", content=image(*faces[:2]), headers=PNG).status_code == 200


@pytest.mark.parametrize("kind", ["form", "json"])
def test_too_many_files_are_refused(connect: Connect, kind: str) -> None:
    client = connect(files=2)
    files = [("file", (f"{i}.png", b"x")) for i in range(3)]
    given: Any = {"files": files} if kind == "form" else {"json": {"images": ["", "", ""]}}
    assert "limit is 2" in refused(client.post("/predict", **given), 413)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    predict = Predictor.predict_frames

    def wait(self: Predictor, *given: Any) -> Iterator[Any]:
        time.sleep(1)
        return predict(self, *given)

    monkeypatch.setattr(Predictor, "predict_frames", wait)


@pytest.mark.usefixtures("slow")
def test_a_request_that_takes_too_long_is_ended(connect: Connect) -> None:
    client = connect(seconds=0.3)
    assert "0.3 s" in refused(client.post("/predict", content=image(), headers=PNG), 504)


@pytest.mark.usefixtures("slow")
def test_requests_beyond_the_queue_are_told_when_to_try_again(connect: Connect) -> None:
    client = connect(queue=1)
    guard: Any = client.app
    guard.requests = 1
    answer = client.post("/predict", content=image(), headers=PNG)
    assert "busy" in refused(answer, 503)
    assert answer.headers["retry-after"] == "1"
    assert client.get("/healthz").status_code == 200
    guard.requests = 0
    assert client.post("/predict", content=image(), headers=PNG).status_code == 200


def test_a_body_that_arrives_too_slowly_is_refused(connect: Connect) -> None:
    client = connect(seconds=0.5)
    app: Any = client.app

    async def call() -> int:
        status = 0

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(5)
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)

        await app(
            {"type": "http", "method": "POST", "path": "/predict", "headers": [], "query_string": b""},
            receive,
            send,
        )
        return status

    assert asyncio.run(call()) == 408


def test_an_error_of_the_model_is_a_problem_of_the_image_alone(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, predictor: Predictor
) -> None:
    from ferkit.errors import RunError

    classify = Predictor.classify_faces

    def fail(self: Predictor, images: Any, found: Any) -> Any:
        if any(len(one.boxes) == 2 for one in found):
            raise RunError("Cannot classify: out of memory.")
        return classify(self, images, found)

    monkeypatch.setattr(Predictor, "classify_faces", fail)
    files = [("file", (f"{i}.png", image(*((10, 10), (60, 30))[: 1 + (i == 1)]))) for i in range(3)]
    answer = client.post("/predict", files=files).json()
    assert [row["file"] for row in answer["rows"]] == ["0.png", "2.png"]
    assert answer["problems"] == [{"file": "1.png", "reason": "Cannot classify: out of memory."}]


def test_an_unexpected_error_is_answered_without_details(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Predictor, "predict_frames", lambda *_: 1 / 0)
    client = connect()
    answer = client.post("/predict", content=image(), headers=PNG)
    assert refused(answer, 500).startswith("Internal error")
    assert "ZeroDivisionError" in caplog.text
