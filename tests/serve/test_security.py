"""What a hostile client or page tries."""

from __future__ import annotations

import hmac
import tempfile
from typing import Any

import pytest
from starlette.testclient import TestClient

from ferkit.serve import guard
from ferkit.serve.guard import LOOPBACK
from tests.serve.conftest import Connect
from tests.serve.made import image

PNG = {"content-type": "image/png"}
JSON = "application/json"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("/", "image 1"),
        ("..", "image 1"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
        ("a\x1b[2Jb.png", "a\\x1b[2Jb.png"),
        ("a\u202egnp.exe", "a\\u202egnp.exe"),
        ("n" * 500, "n" * 100),
    ],
)
def test_a_file_name_is_text_without_folders_or_control_characters(
    client: TestClient, given: str, told: str
) -> None:
    quoted = given.replace("\\", "\\\\")
    body = (
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'.encode()
        + image()
        + b"\r\n--b--\r\n"
    )
    kind = "multipart/form-data; boundary=b"
    answer = client.post("/predict", content=body, headers={"content-type": kind})
    assert answer.headers["content-type"] == "application/json"
    assert [row["file"] for row in answer.json()["rows"]] == [told]


def test_files_of_the_same_name_are_told_apart(client: TestClient) -> None:
    files = [("file", (name, image())) for name in ("a.png", "x/a.png", "a.png (2)")]
    rows = client.post("/predict", files=files).json()["rows"]
    assert [row["file"] for row in rows] == ["a.png", "a.png (2)", "a.png (2) (2)"]


def test_no_image_is_written_to_a_disk(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, None)
    large = image(width=2000, height=1500, form="bmp")
    assert client.post("/predict", files={"file": ("a.bmp", large)}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/models", "/nothing"])
def test_every_answer_has_the_headers_that_keep_other_sites_out(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'self'",
        "img-src": "'self' blob: data:",
        "media-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["permissions-policy"] == "camera=(self), microphone=(), geolocation=()"
    assert headers["cache-control"] == "no-store"  # a browser keeps no result on its disk


@pytest.mark.parametrize(
    ("method", "path", "given", "status"),
    [
        ("GET", "/models", {}, 200),
        ("POST", "/predict", {**PNG, "sec-fetch-site": "none"}, 200),
        ("POST", "/predict", PNG, 403),
        ("POST", "/predict", {"content-type": "text/plain", "sec-fetch-site": "none"}, 422),
        ("POST", "/predict", {**PNG, "sec-fetch-site": "cross-site"}, 403),
        ("GET", "/models", {"authorization": "Bearer wrong"}, 401),
        ("OPTIONS", "/predict", {"access-control-request-method": "POST"}, 405),
        ("OPTIONS", "/models", {"access-control-request-headers": "authorization"}, 405),
    ],
)
def test_no_answer_lets_a_page_of_another_site_read_it(
    connect: Connect, method: str, path: str, given: dict[str, str], status: int
) -> None:
    client = connect(token="secret", headers={"authorization": "Bearer secret"})
    headers = {"origin": "https://evil.example", **given}
    answer = client.request(method, path, content=image() if method == "POST" else None, headers=headers)
    assert answer.status_code == status
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_no_route_takes_a_path(client: TestClient) -> None:
    app: Any = client.app
    assert not [route.path for route in app.app.routes if "{" in route.path]


def test_html_in_a_name_is_no_page_in_any_form(client: TestClient) -> None:
    files = [("file", ("<script>alert(1)</script>", image((10, 10)))), ("file", ("<b>.png", b"broken"))]
    for form, media_type in {"ferkit": JSON, "deepface": JSON, "csv": "text/csv; charset=utf-8"}.items():
        answer = client.post(f"/predict?format={form}", files=files)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == media_type
    refused = client.post("/predict", files=files[1:])
    assert refused.status_code == 422
    assert refused.headers["content-type"] == JSON


def test_the_page_of_the_interface_escapes_what_it_shows(client: TestClient) -> None:
    app: Any = client.app
    app.app.title = "<script>alert(1)</script>"
    page = client.get("/docs").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_can_start_no_prediction(client: TestClient, site: str) -> None:
    answer = client.post("/predict", content=image(), headers={**PNG, "sec-fetch-site": site})
    assert answer.status_code == 403
    own = client.post("/predict", content=image(), headers={**PNG, "sec-fetch-site": "same-origin"})
    assert own.status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://192.0.2.7:8000", 200),
        ("HTTP://192.0.2.7:8000", 200),
        ("http://192.0.2.7:3000", 403),
        ("http://evil.example", 403),
        ("null", 403),
    ],
)
def test_without_sec_fetch_site_the_origin_is_that_of_the_page(
    client: TestClient, origin: str, status: int
) -> None:
    """Browsers send no Sec-Fetch-Site over plain HTTP to another machine."""
    headers = {**PNG, "host": "192.0.2.7:8000", "origin": origin}
    assert client.post("/predict", content=image(), headers=headers).status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8000", 200), ("127.0.0.1", 200), ("[::1]:80", 200), ("evil.example", 421), ("", 421)],
)
def test_a_server_of_this_machine_has_no_other_name(connect: Connect, host: str, status: int) -> None:
    client = connect(hosts=LOOPBACK)
    assert client.get("/models", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("header", "status"),
    [("Bearer secret", 200), ("bearer secret", 200), ("Bearer secrets", 401), ("secret", 401), ("", 401),
     ("Basic secret", 401), ("Bearer ", 401), ("Bearer sécret", 401)],
)  # fmt: skip
def test_requests_need_the_token(connect: Connect, header: str, status: int) -> None:
    client = connect(token="secret")
    answer = client.post("/predict", content=image(), headers={**PNG, "authorization": header.encode()})  # type: ignore[dict-item]
    assert answer.status_code == status


def test_the_page_and_the_state_need_no_token_but_all_else_does(connect: Connect) -> None:
    client = connect(token="secret")
    is_open = ("/", "/page.js", "/healthz", "/docs", "/openapi.json")
    assert {client.get(path).status_code for path in is_open} == {200}
    refused = [client.get(path) for path in ("/models", "/metrics", "/nothing")]
    assert {one.status_code for one in refused} == {401}
    assert {one.headers["connection"] for one in refused} == {"close"}  # an unread body must not hold it


def test_the_token_is_compared_in_constant_time(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    class Spy:
        compare_digest = staticmethod(compare)

    class NeverEqual(str):
        def __eq__(self, other: object) -> bool:
            raise AssertionError("compared by ==")

        __hash__ = str.__hash__

    monkeypatch.setattr(guard, "hmac", Spy)
    client = connect(token=NeverEqual("secret"))
    assert client.get("/models", headers={"authorization": "Bearer secrex"}).status_code == 401
    assert compared == [(b"secrex", b"secret")]
