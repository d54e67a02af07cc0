"""Malformed, huge and slow requests never end the server, nor let its memory grow."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException

import psutil
import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from hypothesis import HealthCheck, Phase, given, settings

from tests.campaign.campaign import ROOT
from tests.campaign.conftest import Start
from tests.serve.malformed import REQUESTS, WHOLE, Malformed

REQUESTS_TRIED = 500
ANSWERS = {200, 400, 413, 422}
OPTIONS = ("--port", "0", "--device", "cpu", "--max-mb", "2", "--max-megapixels", "2", "--timeout", "20")
Address = tuple[str, int]


@contextmanager
def running() -> Iterator[tuple[psutil.Process, Address]]:
    command = [sys.executable, "-m", "ferkit", "serve", *OPTIONS]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stderr
        process.stderr.readline()
        found = re.search(r"//(.+):(\d+)", process.stderr.readline())
        assert found
        try:
            yield psutil.Process(process.pid), (found[1], int(found[2]))
        finally:
            process.terminate()


def send(address: Address, request: Malformed) -> int:
    connection = HTTPConnection(*address, timeout=60)
    try:
        headers = {"Content-Type": request.kind.encode("latin-1")}
        connection.request("POST", f"/predict?{request.query}", request.body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def send_huge(address: Address) -> int:
    """Send 64 MB to a server that takes 2. It may close the connection while the body is sent."""
    connection = HTTPConnection(*address, timeout=60)
    with suppress(OSError):
        connection.request("POST", "/predict", iter([bytes(10**6)] * 64), {"Content-Type": "image/png"})
    try:
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 413
    finally:
        connection.close()


def open_slow(address: Address, count: int) -> list[socket.socket]:
    """Open connections that send half of their headers, or of their body, and no more."""
    opened = [socket.create_connection(address) for _ in range(count)]
    for number, one in enumerate(opened):
        head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
        rest = b"Content-Type: image/png\r\nContent-Length: 1000\r\n\r\nabc"
        one.sendall(head + rest if number % 2 else head)
    return opened


def is_ended(one: socket.socket) -> bool:
    """Return True if the server has closed the connection, perhaps after an answer."""
    one.settimeout(5)
    with one:
        try:
            while one.recv(4096):
                pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
    return True


def test_malformed_requests_never_end_the_server_nor_let_its_memory_grow(start: Start) -> None:
    campaign = start("malformed requests")
    with running() as (process, address):
        image = (ROOT / "docs/assets/astronaut.png").read_bytes()
        whole = Malformed("image/png", image, "")
        answered = Counter[int]()

        @given(request=REQUESTS)
        @settings(
            max_examples=len(campaign.scaled(REQUESTS_TRIED)),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def try_one(request: Malformed) -> None:
            with campaign.trial(request):
                status = send(address, request)
                answered[status] += 1
                assert status in ANSWERS

        for _ in range(20):
            assert send(address, whole) == 200
        for content in WHOLE:  # each kind loads its decoder once
            send(address, Malformed("image/png", content, ""))
        slow = open_slow(address, 20)
        before = process.memory_info().rss
        try_one()
        assert send_huge(address) == 413
        assert send(address, whole) == 200
        after = process.memory_info().rss
        time.sleep(12)  # headers have 10 s, a body has half of --timeout
        assert [is_ended(one) for one in slow] == [True] * len(slow)
        assert send(address, whole) == 200
        # Else all were refused before a decoder saw them.
        assert {200, 422} <= answered.keys(), answered
        print(f"memory: {before / 1e6:.0f} MB, {after / 1e6:.0f} MB after {campaign.tried} requests")
        print(f"answers: {dict(answered)}")
        assert after < 1.1 * before
    campaign.check()
