"""Read the files of a request: multipart form, raw bytes, or JSON with base64 or addresses."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import FormParser, parse_options_header

from ferkit.messages import printable
from ferkit.serve.limits import BAD_REQUEST, TOO_LARGE, UNREADABLE, Budget, Limits, RequestError

LONGEST_NAME = 100
"""Maximum length of a file name in an answer, in characters."""
EXPECTED = (
    "Expected multipart/form-data with files, an image or video as the body (image/*, video/*, "
    'application/octet-stream), or JSON: {"images": ["<base64>", ...]}.'
)
RAW = ("image/", "video/", "application/octet-stream")
Fetch = Callable[[str, Budget], bytes]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a request.

    Attributes:
        name: Its name in the answer.
        content: The bytes of the file; or the reason why there are none.
    """

    name: str
    content: bytes | RequestError


async def read_body(chunks: AsyncIterable[bytes], declared: str | None, limits: Limits) -> bytes:
    """Read a request body. Raises RequestError if it is too large, before all of it is read.

    Args:
        chunks: The parts of the body.
        declared: The header Content-Length, if any.
        limits: `bytes` is the limit.
    """
    problem = RequestError(TOO_LARGE, f"The request is too large. The limit is {limits.megabytes:g} MB.")
    if declared and declared.isdecimal() and int(declared) > limits.bytes:
        raise problem
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limits.bytes:
            raise problem
    return bytes(body)


def read_uploads(kind: str, body: bytes, limits: Limits, fetch: Fetch | None) -> list[Upload]:
    """Return the files of a request body.

    Args:
        kind: The header Content-Type.
        body: The request body.
        limits: `files` is the maximum number of files.
        fetch: Returns the content of an address. None if addresses are not allowed.

    Raises:
        RequestError: The body has another form, no file, or too many files.
    """
    media_type = kind.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        uploads = _read_form(kind, body, limits)
    elif media_type == "application/json":
        uploads = _read_json(body, limits, fetch)
    elif media_type.startswith(RAW):
        uploads = [Upload("", body)]
    else:
        given = f"got {printable(media_type)[:LONGEST_NAME]!r}" if media_type else "got none"
        raise RequestError(UNREADABLE, f"Cannot read the request: unknown Content-Type, {given}. {EXPECTED}")
    if not uploads:
        raise RequestError(UNREADABLE, f"Cannot read the request: it has no file. {EXPECTED}")
    return _name_apart(uploads)


def _too_many(limits: Limits) -> RequestError:
    return RequestError(TOO_LARGE, f"The request has too many files. The limit is {limits.files}.")


def _read_form(kind: str, body: bytes, limits: Limits) -> list[Upload]:
    """Read the files of a form into memory. Fields without a file name are ignored."""
    _, options = parse_options_header(kind)
    found: list[Upload] = []

    def keep(file: Any) -> None:
        if len(found) == limits.files:
            raise _too_many(limits)
        file.file_object.seek(0)
        found.append(Upload((file.file_name or b"").decode("utf-8", "replace"), file.file_object.read()))

    try:
        parser = FormParser(
            "multipart/form-data",
            on_field=None,
            on_file=keep,
            boundary=options.get(b"boundary"),
            config={"MAX_MEMORY_FILE_SIZE": len(body) + 1},  # nothing is written to a disk
        )
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise RequestError(BAD_REQUEST, f"Cannot read the form: {printable(str(error))[:200]}.") from error
    return found


def _read_json(body: bytes, limits: Limits, fetch: Fetch | None) -> list[Upload]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(BAD_REQUEST, f"Cannot read the request: it is not JSON: {error}.") from error
    if not isinstance(given, dict) or not given or set(given) - {"images", "urls"}:
        raise RequestError(UNREADABLE, f'Expected a JSON object with the keys "images" or "urls". {EXPECTED}')
    images, urls = (_texts(given, key) for key in ("images", "urls"))
    if len(images) + len(urls) > limits.files:
        raise _too_many(limits)
    if urls and fetch is None:
        raise RequestError(
            UNREADABLE, "Cannot read addresses: the server was started without --allow-urls. Send the files."
        )
    budget = Budget(limits)
    return [
        *(Upload("", _decode(text, number)) for number, text in enumerate(images, start=1)),
        *(Upload(url.partition("?")[0], _fetched(url, fetch, budget)) for url in urls if fetch),
    ]


def _texts(given: dict[str, Any], key: str) -> Sequence[str]:
    texts = given.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise RequestError(UNREADABLE, f'"{key}": expected a list of strings.')
    return texts


def _decode(text: str, number: int) -> bytes | RequestError:
    """Decode base64, also after "data:image/png;base64,"."""
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        return RequestError(UNREADABLE, f"images[{number - 1}] is not base64: {error}")


def _fetched(url: str, fetch: Fetch, budget: Budget) -> bytes | RequestError:
    try:
        return fetch(url, budget)
    except RequestError as refused:
        return refused


def _name_apart(uploads: Sequence[Upload]) -> list[Upload]:
    """Give each file a name of its own: text without folders or control characters."""
    taken: set[str] = set()
    named = []
    for number, upload in enumerate(uploads, start=1):
        last = upload.name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].strip()
        name = printable(last)[:LONGEST_NAME]
        name = name if name.strip(".") else f"image {number}"
        numbered = (f"{name} ({copy})" for copy in count(2))
        own = next(one for one in chain([name], numbered) if one not in taken)
        taken.add(own)
        named.append(Upload(own, upload.content))
    return named
