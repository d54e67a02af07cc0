"""Requests that are wrong in many ways, drawn by hypothesis."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.serve.made import animation, bomb, image, video

WHOLE = (
    image((10, 10)),
    image((10, 10), form="jpeg"),
    image((10, 10), form="webp"),
    image((10, 10), form="tiff"),
    image((10, 10), form="bmp"),
    animation(4),
    video(4),
    bomb(60_000, 60_000),
)
TYPES = (
    "image/png",
    "video/mp4",
    "application/octet-stream",
    "application/json",
    "text/html",
    "",
    "a/b; c=\xe9",
)
JSON = "application/json"
FORM = "multipart/form-data; boundary=b"


@dataclass(frozen=True)
class Malformed:
    """A request.

    Attributes:
        kind: The header Content-Type.
        body: The body.
        query: The query.
    """

    kind: str
    body: bytes
    query: str


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a file that is cut, has other bytes in places, or a part twice."""
    content = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(content)))
        content[place : place + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    cut = draw(st.one_of(st.none(), st.integers(0, len(content))))
    return bytes(content[:cut])


def form(content: bytes, name: str, end: str) -> bytes:
    disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    return f"--b\r\n{disposition}\r\n\r\n".encode("utf-8", "surrogatepass") + content + end.encode()


def as_json(content: bytes, key: str, extra: object) -> bytes:
    return json.dumps({key: [base64.b64encode(content).decode(), extra]}).encode()


FILES = damaged()
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["images", "urls"]), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(["images", "urls"])
ENDS = st.sampled_from(["\r\n--b--\r\n", "\r\n--b", "", "--b--"])
BODIES = st.one_of(
    st.tuples(st.sampled_from(TYPES), FILES | st.binary(max_size=64)),
    st.tuples(st.just(FORM), st.builds(form, FILES, st.text(max_size=20), ENDS)),
    st.tuples(st.sampled_from([FORM, "multipart/form-data", FORM + "x"]), FILES),
    st.tuples(st.just(JSON), st.builds(as_json, FILES, KEYS, ANY_JSON)),
    st.tuples(st.just(JSON), st.builds(lambda given: json.dumps(given).encode(), ANY_JSON)),
)
QUERIES = st.sampled_from(
    ["", "format=csv", "format=deepface", "format=x", "every=3", "every=-1", "every=9e9", "&&=%00"]
)
REQUESTS = st.builds(lambda body, query: Malformed(*body, query), BODIES, QUERIES)
