"""Certificates of hosts that `--allow-urls` names."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ferkit.serve import urls
from ferkit.serve.limits import Budget, Limits, RequestError
from ferkit.serve.urls import UrlReader
from tests.serve.made import image
from tests.serve.test_urls import Site, resolve_to

OPENSSL = shutil.which("openssl") or ""
pytestmark = pytest.mark.skipif(not OPENSSL, reason="openssl is not installed")
Start = Callable[[str], tuple[str, Path]]


class QuietServer(ThreadingHTTPServer):
    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        with suppress(ssl.SSLError):  # the client refuses the certificate
            return super().get_request()
        raise OSError


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a site with a certificate for a name. Returns its host and the certificate."""
    servers = []
    resolve_to(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(urls, "is_public", lambda address: True)

    def call(name: str) -> tuple[str, Path]:
        certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
        command = [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                   "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                   "-keyout", str(key), "-out", str(certificate)]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = QuietServer(("127.0.0.1", 0), Site)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        servers.append(server)
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return f"images.test:{server.server_port}", certificate

    yield call
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("name", "is_trusted", "is_read"),
    [("images.test", True, True), ("other.test", True, False), ("images.test", False, False)],
    ids=["right", "of-another-name", "untrusted"],
)
def test_a_host_must_prove_its_name(
    start: Start, monkeypatch: pytest.MonkeyPatch, name: str, is_trusted: bool, is_read: bool
) -> None:
    host, certificate = start(name)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    read = UrlReader([host])
    if is_read:
        assert read(f"https://{host}/a.png", Budget(Limits())) == image((10, 10))
        return
    with pytest.raises(RequestError, match="does not answer"):
        read(f"https://{host}/a.png", Budget(Limits()))
