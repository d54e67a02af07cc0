"""The command `ferkit serve`, and connections."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

import pytest
from starlette.testclient import TestClient

from ferkit.errors import RunError
from ferkit.predict.predictor import Predictor
from ferkit.serve import server
from ferkit.serve.app import create_app
from ferkit.serve.limits import Limits
from ferkit.serve.server import accepted_hosts, address_of, is_loopback, listen, make_server
from tests.cli.answer import Ferkit
from tests.serve.conftest import Connect
from tests.serve.made import image

ROOT = Path(__file__).parents[2]

START = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started us without it
from ferkit.cli import main
sys.argv = ["ferkit", "serve", "--port", "0"]
try:
    main()
finally:
    print("torch" in sys.modules, flush=True)
"""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
def test_a_server_for_other_machines_needs_a_token(
    ferkit: Ferkit, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr(server, "listen", None)
    answer = ferkit("serve", "--host", host, FERKIT_TOKEN="")
    assert answer.returncode == 1
    assert "--no-token" in answer.stderr


def test_the_command_starts_a_server_with_its_token_and_names(
    ferkit: Ferkit, monkeypatch: pytest.MonkeyPatch, predictor: Predictor, tmp_path: Path
) -> None:
    started: list[Any] = []

    class Server:
        def __init__(self, app: Any, limits: Limits) -> None:
            started.append(app)

        def run(self, sockets: list[socket.socket]) -> None:
            pass

    monkeypatch.setattr(server, "make_server", Server)
    monkeypatch.setattr("ferkit.predict.predictor.Predictor", lambda *_, **__: predictor)
    (tmp_path / "token").write_text("secret\n")
    assert ferkit("serve", "--port", "0", "--token-file", tmp_path / "token").returncode == 0
    client = TestClient(started[0])
    given = {"authorization": "Bearer secret", "host": "localhost"}
    assert client.get("/models", headers=given).status_code == 200
    assert client.get("/models", headers={**given, "authorization": ""}).status_code == 401
    assert client.get("/models", headers={**given, "host": "evil.example"}).status_code == 421


def test_a_token_file_must_have_a_token(ferkit: Ferkit, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, word in {"missing": "No such file", "empty": "it is empty", "binary": "UTF-8"}.items():
        answer = ferkit("serve", "--token-file", tmp_path / name)
        assert answer.returncode == 1
        assert word in answer.stderr


def test_a_port_that_is_taken_is_named(ferkit: Ferkit) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        answer = ferkit("serve", "--port", str(port))
    assert answer.returncode == 1
    assert f"127.0.0.1:{port}" in answer.stderr
    assert "--port" in answer.stderr


def test_a_host_of_another_machine_is_refused() -> None:
    with pytest.raises(RunError, match=r"192\.0\.2\.1.*--host"):
        listen("192.0.2.1", 0)


def test_a_missing_extra_is_named(ferkit: Ferkit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    answer = ferkit("serve")
    assert answer.returncode == 1
    assert 'pip install "ferkit[serve]"' in answer.stderr


def test_loopback_addresses_are_known() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::")] == [
        True, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("host", "names", "accepted", "refused"),
    [
        ("127.0.0.1", (), "localhost:80", "faces.example.org"),
        ("127.0.0.1", ("faces.example.org",), "FACES.example.org:8443", "evil.example"),
        ("127.0.0.2", ("faces.example.org",), "127.0.0.2", "evil.example"),
        ("::1", ("[2001:db8::1]",), "[2001:db8::1]:80", "[2001:db8::2]"),
        ("0.0.0.0", ("faces.example.org",), "127.0.0.1:8000", "evil.example"),
    ],
)
def test_a_server_answers_to_its_own_names_and_the_allowed_ones(
    connect: Connect, host: str, names: tuple[str, ...], accepted: str, refused: str
) -> None:
    client = connect(hosts=accepted_hosts(host, names))
    for name, status in ((accepted, 200), (refused, 421)):
        assert client.get("/healthz", headers={"host": name}).status_code == status
    if names:
        assert client.get("/healthz", headers={"host": names[0]}).status_code == 200


def test_a_server_for_other_machines_answers_to_all_names_by_default() -> None:
    assert accepted_hosts("0.0.0.0", ()) == ()


@pytest.mark.parametrize("name", ["https://faces.example.org", "faces.example.org:8000", "", "a b", "a/b"])
def test_an_allowed_name_has_no_scheme_and_no_port(ferkit: Ferkit, name: str) -> None:
    answer = ferkit("serve", "--allow-host", "localhost", "--allow-host", name)
    assert answer.returncode == 1
    assert "--allow-host" in answer.stderr
    assert "faces.example.org" in answer.stderr


@pytest.mark.slow
def test_the_bundled_model_is_served_without_torch_until_ctrl_c() -> None:
    command = [sys.executable, "-c", START]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stderr
        assert "default" in process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
        assert found
        body = (ROOT / "docs/assets/astronaut.png").read_bytes()
        request = Request(f"{found[0]}/predict", body, {"Content-Type": "image/png"})
        with urlopen(request, timeout=60) as answer:
            (row,) = json.load(answer)["rows"]
        assert row["label"] == "happiness"
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert stdout == "False\n"
    assert stderr == "Stopped.\n"
    assert process.returncode == 0


@pytest.fixture
def address(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A server that waits 0.3 s for headers."""
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.3)
    limits, opened = Limits(), listen("127.0.0.1", 0)
    running = make_server(create_app(predictor, None, limits), limits)
    thread = Thread(target=running.run, args=([opened],), daemon=True)
    thread.start()
    yield opened.getsockname()
    running.should_exit = True
    thread.join(10)


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost:"], ids=["nothing", "half"])
def test_a_connection_whose_headers_do_not_arrive_is_closed(address: tuple[str, int], sent: bytes) -> None:
    with socket.create_connection(address, timeout=10) as client:
        client.sendall(sent)
        began = time.monotonic()
        assert client.recv(100) == b""
        assert 0.2 < time.monotonic() - began < 5


def test_headers_that_trickle_in_are_not_waited_for(address: tuple[str, int]) -> None:
    began = time.monotonic()
    with socket.create_connection(address, timeout=10) as client, suppress(OSError):
        while time.monotonic() - began < 5:
            client.sendall(b"G")
            time.sleep(0.05)
    assert time.monotonic() - began < 4


def test_connections_are_kept_for_several_requests(address: tuple[str, int]) -> None:
    client = HTTPConnection(*address, timeout=10)
    client.connect()
    opened = client.sock
    for _ in range(2):
        client.request("GET", "/healthz")
        with client.getresponse() as answer:
            assert answer.read().startswith(b"{")
        time.sleep(0.4)  # longer than headers may take
    assert client.sock is opened
    client.close()


@pytest.mark.parametrize("request_line", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"POST\r\n\r\n"])
def test_a_request_that_is_no_http_is_answered_with_400(
    address: tuple[str, int], request_line: bytes
) -> None:
    with socket.create_connection(address, timeout=10) as client:
        client.sendall(request_line)
        assert client.recv(1000).startswith(b"HTTP/1.1 400")


def test_clients_at_the_same_time_share_batches(address: tuple[str, int]) -> None:
    body = image((10, 10))

    def ask() -> Any:
        request = Request(f"http://{address[0]}:{address[1]}/predict", body, {"Content-Type": "image/png"})
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)["rows"][0]["label"]

    async def ask_all() -> list[Any]:
        return await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(12)))

    assert len(set(asyncio.run(ask_all()))) == 1
    with urlopen(f"http://{address[0]}:{address[1]}/metrics") as answer:
        found = re.search(r"ferkit_batch_images_count ([\d.]+)", answer.read().decode())
    assert found
    assert float(found[1]) < 12


def test_the_address_of_a_port_is_a_url() -> None:
    with listen("127.0.0.1", 0) as opened:
        assert address_of(opened) == f"http://127.0.0.1:{opened.getsockname()[1]}"
