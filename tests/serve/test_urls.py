"""Addresses that `--allow-urls` reads or refuses."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from ferkit.errors import RunError
from ferkit.serve import urls
from ferkit.serve.limits import Budget, Limits, RequestError
from ferkit.serve.urls import UrlReader, is_public
from tests.serve.conftest import Connect
from tests.serve.made import image


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
     "224.0.0.1", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
     "2002:7f00:1::", "2001:0:7f00:1::", "ff02::1", "::ffff:224.0.0.1", "::"],
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
        UrlReader(["images.test"])(url, Budget(Limits()))


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
        UrlReader(["images.test"])("http://images.test/a.png", Budget(Limits()))


PACKED = gzip.compress(bytes(10_000_000), mtime=0)
SEEN: list[str] = []
"""Host and path of the requests to `Site`."""


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        SEEN.append(f"{self.headers['Host']}{self.path}")
        if self.path == "/silent":
            time.sleep(1.5)
        content = image((10, 10)) if self.path.startswith("/a.png") else bytes(5000)
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Location", "/a.png")
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
            content = PACKED
        self.end_headers()
        with suppress(OSError):  # the client leaves
            for number in range(60 if self.path == "/slow" else 0):
                self.wfile.write(content[number : number + 1])
                time.sleep(0.05)
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A site on this machine, as if its address were public."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
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
    client = connect(fetch=UrlReader([site]))
    answer = client.post("/predict", json={"urls": [f"http://{site}/a.png?key=1", "http://evil.example/b"]})
    assert [row["file"] for row in answer.json()["rows"]] == ["a.png"]
    assert [one["file"] for one in answer.json()["problems"]] == ["b"]
    assert asked == ["images.test"]
    assert [f"{site}/a.png?key=1"] == SEEN


def test_a_redirect_is_not_followed(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    with pytest.raises(RequestError, match="302"):
        UrlReader([site])(f"http://{site}/away", Budget(Limits()))
    assert [f"{site}/away"] == SEEN


def test_all_downloads_of_a_request_have_one_limit_of_bytes(
    site: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    client = connect(fetch=UrlReader([site]), megabytes=0.008)
    given = [f"http://{site}/{name}" for name in ("a.png", "large", "larger", "largest")]
    answer = client.post("/predict", json={"urls": given})
    reasons = {one["file"]: one["reason"] for one in answer.json()["problems"]}
    assert "0.008 MB" not in reasons["large"]
    for name in ("larger", "largest"):
        assert f"http://{site}/{name}" in reasons[name]
        assert "0.008 MB" in reasons[name]
    assert [row["file"] for row in answer.json()["rows"]] == ["a.png"]
    assert [f"{site}/a.png", f"{site}/large", f"{site}/larger"] == SEEN
    small = connect(fetch=UrlReader([site]), megabytes=0.004)
    assert small.post("/predict", json={"urls": given[1:]}).status_code == 413


@pytest.mark.parametrize("path", ["slow", "silent"])
def test_all_downloads_of_a_request_have_one_limit_of_time(
    site: str, connect: Connect, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    client = connect(fetch=UrlReader([site]), seconds=1)
    begun = time.monotonic()
    answer = client.post("/predict", json={"urls": [f"http://{site}/{path}"] * 4})
    assert time.monotonic() - begun < 2
    assert answer.status_code == 504
    assert all(
        "took more than 0.5 s" in one["reason"] and site in one["reason"] for one in answer.json()["problems"]
    )
    assert len(SEEN) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_that_drips_its_headers_or_handshake_is_left_at_the_limit(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(urls, "is_public", lambda address: True)
    left = Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        # The header of a TLS record of 16 kB, and of HTTP: each byte comes before a timeout of the socket.
        start = b"\x16\x03\x03\x40\x00" if scheme == "https" else b"HTTP/1.1 200 OK\r\nX: "
        with connection, suppress(OSError):
            connection.sendall(start)
            while not left.wait(0.05):
                connection.sendall(b"x")
        left.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=drip, args=(server,), daemon=True)
        thread.start()
        site = f"images.test:{server.getsockname()[1]}"
        client = connect(fetch=UrlReader([site]), seconds=1)
        answer = client.post("/predict", json={"urls": [f"{scheme}://{site}/a.png"]})
        assert answer.status_code == 504
        assert "took more than 0.5 s" in answer.json()["error"]
        assert left.wait(10)  # the connection was ended
        thread.join()


def test_content_without_a_length_that_is_cut_at_the_limit_is_no_file(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(urls, "PATIENCE", 0.3)
    with pytest.raises(RequestError, match=r"the host took more than 0\.3 s") as caught:
        UrlReader([site])(f"http://{site}/slow", Budget(Limits()))
    assert caught.value.status == 504


def test_a_slow_host_leaves_time_to_other_hosts(
    site: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(urls, "PATIENCE", 1.0)
    given = [f"http://{site}/{name}" for name in ("slow", "silent", "a.png")]
    answer = connect(fetch=UrlReader([site])).post("/predict", json={"urls": given}).json()
    assert [row["file"] for row in answer["rows"]] == ["a.png"]
    assert all("the host took more than 1 s" in one["reason"] for one in answer["problems"])


def test_compressed_content_is_not_unpacked(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    content = UrlReader([site])(f"http://{site}/packed", Budget(Limits()))
    assert content == PACKED


@pytest.mark.parametrize("host", ["http://images.test", "images.test/path", ""])
def test_a_host_to_allow_is_a_name(host: str) -> None:
    with pytest.raises(RunError, match="--allow-urls"):
        UrlReader([host])
