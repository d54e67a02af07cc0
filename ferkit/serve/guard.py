"""Middleware for every request: host, token, queue, time, and headers of the answer."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Collection
from time import monotonic

from fastapi.responses import JSONResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ferkit.serve.limits import BUSY, TIMEOUT, Limits
from ferkit.serve.metrics import Metrics

OPEN = frozenset(
    {"/", "/healthz", "/docs", "/openapi.json", "/page.css", "/page.js", "/drawing.js", "/table.js"}
)
"""Paths without a token: pages, which have no data, and the state of the server."""
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Nothing is loaded from, or shown in, another site. No answer is stored."""
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
RETRY = "1"
CLOSED = 499
"""Status in the metrics if the client has left before it sent all of its request."""
INTERNAL = "Internal error. The log of the server has the details."
log = logging.getLogger("ferkit.serve")


class Guard:
    """Middleware around the application.

    Args:
        app: The application.
        limits: `queue` and `seconds` are used.
        metrics: Counts requests for predictions.
        token: The token that requests need; "" for none.
        hosts: Accepted names in the header Host, without a port; empty for all. It keeps pages of other sites
            from reaching a server on this machine through a name of theirs (DNS rebinding).
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        metrics: Metrics,
        token: str = "",
        hosts: Collection[str] = (),
    ) -> None:
        self.app = app
        self.limits = limits
        self.metrics = metrics
        self.token = token
        self.hosts = frozenset(hosts)
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send)
        refusal = self._refuse(scope["method"], scope["path"], Headers(scope=scope))
        if refusal:
            refusal.headers["Connection"] = "close"  # the body is not read
            await refusal(scope, receive, answer)
        elif scope["path"] == "/predict" and scope["method"] == "POST":
            await self._admit(scope, receive, answer)
        else:
            await self._call(scope, receive, answer)

    def _refuse(self, method: str, path: str, headers: Headers) -> Response | None:
        """Return the answer to a request that must not reach the application."""
        host = headers.get("host", "")
        if self.hosts and _without_port(host) not in self.hosts:
            return _error(421, f"This server answers requests to {', '.join(sorted(self.hosts))} only.")
        if method == "POST" and _is_from_other_site(headers):
            return _error(403, "Requests from pages of other sites are refused.")
        if self.token and path not in OPEN and not self._has_token(headers.get("authorization", "")):
            refusal = _error(401, "Expected the header: Authorization: Bearer TOKEN.")
            refusal.headers["WWW-Authenticate"] = "Bearer"
            return refusal
        return None

    def _has_token(self, given: str) -> bool:
        scheme, _, token = given.partition(" ")
        is_equal = hmac.compare_digest(token.strip().encode(), self.token.encode())
        return scheme.lower() == "bearer" and is_equal

    async def _admit(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        """Process a request for a prediction, unless too many are waiting."""
        if self.requests >= self.limits.queue:
            refusal = _error(BUSY, f"The server is busy with {self.requests} requests. Try again later.")
            refusal.headers["Retry-After"] = RETRY
            refusal.headers["Connection"] = "close"
            self.metrics.requests.labels(BUSY).inc()
            await refusal(scope, receive, answer)
            return
        self.requests += 1
        self.metrics.waiting.set(self.requests)
        began = monotonic()
        try:
            await self._call(scope, receive, answer)
        finally:
            self.requests -= 1
            self.metrics.waiting.set(self.requests)
            self.metrics.seconds.observe(monotonic() - began)
            self.metrics.requests.labels(answer.status).inc()

    async def _call(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        """Call the application. An unexpected error, or too much time, becomes an answer without details."""
        try:
            async with asyncio.timeout(self.limits.seconds):
                await self.app(scope, receive, answer)
            return
        except TimeoutError:
            refusal = _error(TIMEOUT, f"The request took more than {self.limits.seconds:g} s.")
        except ClientDisconnect:
            answer.status = CLOSED
            return
        except Exception:
            log.exception("Cannot answer %s %s", scope["method"], scope["path"])
            if answer.status:
                return
            refusal = _error(500, INTERNAL)
        if answer.status:  # the client does not read its answer
            raise ConnectionAbortedError
        refusal.headers["Connection"] = "close"
        await refusal(scope, receive, answer)


class _Answer:
    """Send an answer with the headers of every answer.

    Attributes:
        status: Of the answer, once it has begun.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await self._send(message)


def _is_from_other_site(headers: Headers) -> bool:
    """Return True if a page of another site sends the request."""
    if site := headers.get("sec-fetch-site"):
        return site in ("cross-site", "same-site")
    # Browsers leave out Sec-Fetch-Site for plain HTTP to another machine. Programs send neither header.
    origin = headers.get("origin")
    return origin is not None and origin.lower().partition("://")[2] != headers.get("host", "").lower()


def _error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status)


def _without_port(host: str) -> str:
    """Return the host of a header Host, in brackets for IPv6."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isdecimal() else host).lower()
