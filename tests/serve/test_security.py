"""What a hostile client or page tries."""

from __future__ import annotations

import hmac
import socket
import tempfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from starlette.testclient import TestClient

from ferkit.errors import RunError
from ferkit.serve import guard, urls
from ferkit.serve.guard import LOOPBACK
from ferkit.serve.limits import Limits, RequestError
from ferkit.serve.urls import UrlReader, is_public
from tests.serve.conftest import Connect
from tests.serve.made import image

PNG = {"content-type": "image/png"}


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


def test_every_answer_has_the_headers_that_keep_other_sites_out(client: TestClient) -> None:
    for path in ("/", "/models", "/nothing"):
        answer = client.get(path, headers={"origin": "https://evil.example"})
        assert answer.headers["content-security-policy"].startswith("default-src 'self'; ")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_can_start_no_prediction(client: TestClient, site: str) -> None:
    answer = client.post("/predict", content=image(), headers={**PNG, "sec-fetch-site": site})
    assert answer.status_code == 403
    own = client.post("/predict", content=image(), headers={**PNG, "sec-fetch-site": "same-origin"})
    assert own.status_code == 200


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


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
     "224.0.0.1", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
     "2002:7f00:1::", "ff02::1", "::"],
)  # fmt: skip
def test_an_address_that_is_not_public_is_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888"])
def test_a_public_address_is_known(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://evil.example/a.png", "--allow-urls"),
        ("http://images.test.evil.example/a.png", "--allow-urls"),
        ("http://images.test:22/a.png", "--allow-urls"),
        ("http://images.test@evil.example/a.png", "user name"),
        ("file:///etc/passwd", "http"),
        ("ftp://images.test/a.png", "http"),
        ("http://[::1/a.png", "not a valid"),
        ("http://images.test:99999/a.png", "not a valid"),
        ("//images.test/a.png", "http"),
    ],
)
def test_addresses_of_other_hosts_and_protocols_are_refused(
    monkeypatch: pytest.MonkeyPatch, url: str, word: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", None)
    with pytest.raises(RequestError, match=word):
        UrlReader(["images.test"], Limits())(url)


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Make all names lead to addresses. Returns the names that were asked for."""
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def answer(host: str, port: int, *given: Any, **options: Any) -> Any:
        if host in addresses:  # the connection
            return resolve(host, port, *given, **options)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("169.254.169.254",)])
def test_an_allowed_host_that_leads_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    resolve_to(monkeypatch, *addresses)
    with pytest.raises(RequestError, match="not public"):
        UrlReader(["images.test"], Limits())("http://images.test/a.png")


SEEN: list[str] = []
"""Host and path of the requests to `Site`."""


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        SEEN.append(f"{self.headers['Host']}{self.path}")
        content = image((10, 10)) if self.path.startswith("/a.png") else bytes(5000)
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Location", "/a.png")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A site on this machine, as if its address were public."""
    server = HTTPServer(("127.0.0.1", 0), Site)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setattr(urls, "is_public", lambda address: True)
    SEEN.clear()
    yield f"images.test:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_image_of_an_allowed_host_is_read_after_one_look_up(
    site: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolve_to(monkeypatch, "127.0.0.1")
    client = connect(fetch=UrlReader([site], Limits()))
    answer = client.post("/predict", json={"urls": [f"http://{site}/a.png?key=1", "http://evil.example/b"]})
    assert [row["file"] for row in answer.json()["rows"]] == ["a.png"]
    assert [one["file"] for one in answer.json()["problems"]] == ["b"]
    assert asked == ["images.test"]
    assert [f"{site}/a.png?key=1"] == SEEN


def test_a_redirect_is_not_followed(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    with pytest.raises(RequestError, match="302"):
        UrlReader([site], Limits())(f"http://{site}/away")
    assert [f"{site}/away"] == SEEN


def test_a_large_file_of_a_host_is_refused(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    with pytest.raises(RequestError, match=r"0\.004 MB") as caught:
        UrlReader([site], Limits(megabytes=0.004))(f"http://{site}/large")
    assert caught.value.status == 413


@pytest.mark.parametrize("host", ["http://images.test", "images.test/path", ""])
def test_a_host_to_allow_is_a_name(host: str) -> None:
    with pytest.raises(RunError, match="--allow-urls"):
        UrlReader([host], Limits())
