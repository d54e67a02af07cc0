"""Read images from the hosts that --allow-urls names, and from no other place."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock, Timer
from typing import Any
from urllib.parse import SplitResult, urlsplit

import urllib3

from ferkit.errors import RunError
from ferkit.messages import printable
from ferkit.serve.limits import TIMEOUT, Budget, RequestError, unread

PORTS = {"http": 80, "https": 443}
CHUNK = 2**16
PATIENCE = 10.0
"""Maximum time of one download, in seconds, from the connection to the last byte."""


class UrlReader:
    """Read http and https addresses of some hosts.

    A name is resolved once, and the connection is made to the resolved address. So a second answer of the
    name server cannot lead elsewhere. Addresses that are not public are refused. Redirects are not followed.

    Args:
        hosts: Names of hosts, also with a port: "images.example.org", "images.example.org:8080".

    Raises:
        RunError: A host is an address, a URL or empty.
    """

    def __init__(self, hosts: Sequence[str]) -> None:
        for host in hosts:
            if not _is_host(host):
                raise RunError(f"Cannot use --allow-urls {host!r}: expected a host, such as images.org.")
        self.hosts = frozenset(host.lower() for host in hosts)

    def __call__(self, url: str, budget: Budget) -> bytes:
        """Return the content of an address.

        Args:
            url: The address.
            budget: The bytes and the time that are left to the request.

        Raises:
            RequestError: The address is refused or cannot be read, or the budget is spent.
        """
        parts, port = self._check(url)
        budget.take(0, url)
        budget.seconds(url)
        address = _resolve(str(parts.hostname), port)
        try:
            return _read(parts, address, port, budget)
        except (urllib3.exceptions.TimeoutError, _TooSlowError) as error:
            budget.seconds(url)
            raise unread(url, f"the host took more than {PATIENCE:g} s", TIMEOUT) from error
        except urllib3.exceptions.HTTPError as error:
            raise unread(url, "the host does not answer") from error

    def _check(self, url: str) -> tuple[SplitResult, int]:
        """Return the parts of an address of an allowed host, and its port."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORTS.get(parts.scheme, 0)
        except ValueError as error:
            raise unread(url, "it is not a valid address") from error
        if parts.scheme not in PORTS or parts.username is not None:
            raise unread(url, "expected http:// or https://, without a user name")
        host = (parts.hostname or "").lower()
        name = host if port == PORTS[parts.scheme] else f"{host}:{port}"
        if self.hosts.isdisjoint((name, f"{host}:{port}")):
            raise unread(url, f"--allow-urls does not name the host {printable(name)[:100]}")
        return parts, port


def _read(parts: SplitResult, address: str, port: int, budget: Budget) -> bytes:
    url, host = parts.geturl(), str(parts.hostname)
    limit = min(PATIENCE, budget.seconds(url))
    pool: urllib3.HTTPConnectionPool
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address, port, timeout=limit, server_hostname=host, assert_hostname=host
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, port, timeout=limit)
    with _Deadline(pool, limit), pool:
        return _request(pool, parts, budget)


def _request(pool: urllib3.HTTPConnectionPool, parts: SplitResult, budget: Budget) -> bytes:
    url = parts.geturl()
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    answer = pool.urlopen(
        "GET",
        path,
        headers={"Host": parts.netloc, "User-Agent": "ferkit"},
        retries=False,
        redirect=False,
        preload_content=False,
    )
    with answer:
        if answer.status != 200:
            raise unread(url, f"expected status 200, got {answer.status}")
        return _receive(answer, url, budget)


def _receive(answer: urllib3.BaseHTTPResponse, url: str, budget: Budget) -> bytes:
    content = bytearray()
    while chunk := answer.read1(CHUNK, decode_content=False):  # read and stream wait for a whole chunk
        budget.take(len(chunk), url)
        content += chunk
        budget.seconds(url)
    return bytes(content)


class _TooSlowError(Exception):
    """A connection was ended at its deadline."""


class _Deadline:
    """End the connections of a pool after a time, whatever they wait for.

    A timeout of a socket starts again with each byte. So a host could send its handshake or headers byte by
    byte, and hold a thread.

    Args:
        pool: The pool. Its connections have not been made.
        seconds: From now.
    """

    def __init__(self, pool: urllib3.HTTPConnectionPool, seconds: float) -> None:
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True
        self._lock = Lock()
        self._is_over = False
        self._opened: list[socket.socket] = []
        made: Any = pool.ConnectionCls
        pool.ConnectionCls = type("WatchedConnection", (made,), {"_new_conn": self._watched(made._new_conn)})

    def _watched(self, connect: Callable[[Any], socket.socket]) -> Callable[[Any], socket.socket]:
        def connect_watched(connection: Any) -> socket.socket:
            opened = connect(connection)
            with self._lock:
                self._opened.append(opened.dup())  # TLS takes over the socket itself
            return opened

        return connect_watched

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._timer.cancel()
        with self._lock:
            for one in self._opened:
                one.close()
            self._opened.clear()
        if self._is_over and not isinstance(error, RequestError):
            raise _TooSlowError from error

    def _end(self) -> None:
        with self._lock:
            self._is_over = True
            for one in self._opened:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


def _resolve(host: str, port: int) -> str:
    """Return an address of a host. All its addresses must be public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise unread(host, "there is no such host") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise unread(host, "its address is not public")
    return addresses[0]


def is_public(address: str) -> bool:
    """Return False for private, loopback, link-local, multicast and reserved addresses, also inside IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner: list[ipaddress.IPv4Address | None] = []
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return all(one.is_global and not one.is_multicast for one in (ip, *filter(None, inner)))


def _is_host(text: str) -> bool:
    try:
        return "/" not in text and bool(urlsplit(f"//{text}").hostname)
    except ValueError:
        return False
