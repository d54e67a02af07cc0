"""Listen on a port and serve the application until Ctrl-C."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Sequence
from typing import Any

import uvicorn
from h11 import IDLE
from uvicorn.protocols.http.h11_impl import H11Protocol

from ferkit.errors import RunError
from ferkit.serve.guard import LOOPBACK, Guard
from ferkit.serve.limits import Limits

HEADER_SECONDS = 10.0
"""Maximum time from a connection, or from the first byte of a request, to the end of its headers."""
SPARE = 64
"""Connections beyond the queue, for the page, /healthz and answers that the queue is full."""
BACKLOG = 2048
"""Connections that wait to be accepted. More are refused by the system."""
GRACE = 5
"""Seconds that running requests have after Ctrl-C."""


class PatientProtocol(H11Protocol):
    """HTTP of uvicorn that closes connections whose headers do not arrive in time. uvicorn waits forever."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop()

    def _watch(self) -> None:
        """Start the clock while headers are expected, and stop it once they are complete."""
        if self.conn.their_state is not IDLE:
            self._stop()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _stop(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None


def listen(host: str, port: int) -> socket.socket:
    """Open a port. Raises RunError if it is taken, or the host is not one of this machine."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, proto)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(address)
            opened.listen(BACKLOG)
        except OSError:
            opened.close()
            raise
    except UnicodeError as error:
        raise RunError(f"Cannot listen on {host}: it is not a name of a host. Correct --host.") from error
    except OSError as error:
        hint = {
            errno.EADDRINUSE: "Choose another --port.",
            errno.EACCES: "Choose a --port of at least 1024.",
        }.get(error.errno or 0, "Choose a --host of this machine, such as 127.0.0.1.")
        raise RunError(f"Cannot listen on {host}:{port}: {error.strerror}. {hint}") from error
    return opened


def address_of(opened: socket.socket) -> str:
    """Return the URL of an open port."""
    host, port = opened.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Return True if only this machine reaches the host."""
    return host in ("localhost", "::1") or host.startswith("127.")


def accepted_hosts(host: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the accepted names in the header Host; empty for all.

    A server that only this machine reaches answers to names of this machine (see `Guard`), and to the
    given names. On another address, all names are accepted unless some are given.

    Args:
        host: The address that the server listens on.
        names: Further names, in lower case, without a port.
    """
    if not names and not is_loopback(host):
        return ()
    own = f"[{host}]" if ":" in host else host
    return tuple(dict.fromkeys((*LOOPBACK, own.lower(), *names)))


def make_server(app: Guard | Any, limits: Limits) -> uvicorn.Server:
    """Return a server with the limits for connections."""
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        loop="asyncio",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.queue + SPARE,
        timeout_graceful_shutdown=GRACE,
    )
    return uvicorn.Server(config)
