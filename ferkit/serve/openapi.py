"""The parts of the OpenAPI schema that the signature of a route does not state."""

from __future__ import annotations

from typing import Any

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_NUMBER = {"type": ["number", "null"]}
_TEXTS = {"type": "array", "items": {"type": "string"}}

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                    },
                }
            },
            "image/*": _BINARY,
            "video/*": _BINARY,
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "images": {**_TEXTS, "description": "Base64, also as data: URLs."},
                        "urls": {**_TEXTS, "description": "Addresses of hosts that --allow-urls names."},
                    },
                }
            },
        },
    }
}
_ROW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "file": {"type": "string"},
        "frame": {"type": ["integer", "null"]},
        "time": _NUMBER,
        "face": {"type": ["integer", "null"]},
        "track": {"type": ["integer", "null"]},
        "box": {"type": ["array", "null"], "items": {"type": "number"}},
        "face_score": _NUMBER,
        "landmarks": {"type": ["array", "null"], "items": {"type": "array", "items": {"type": "number"}}},
        "probabilities": {"type": ["object", "null"], "additionalProperties": {"type": "number"}},
        "label": {"type": ["string", "null"]},
        "abstained": {"type": "boolean"},
        "confidence": _NUMBER,
    },
}
_PROBLEM = {"type": "object", "properties": {"file": {"type": "string"}, "reason": {"type": "string"}}}
_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "problems": {"type": "array", "items": _PROBLEM}},
}


def _error(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": _ERROR}}}


ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One row for each face, and the files that could not be processed.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "labels": _TEXTS,
                        "rows": {"type": "array", "items": _ROW},
                        "problems": {"type": "array", "items": _PROBLEM},
                    },
                }
            },
            "text/csv": {"schema": {"type": "string"}},
        },
    },
    400: _error("The body is malformed."),
    401: _error("The token is missing or wrong."),
    408: _error("The body arrived too slowly."),
    413: _error("A limit of bytes, pixels, files, faces or frames is exceeded."),
    422: _error("No file can be read."),
    503: _error("The queue is full. Retry-After says when to try again."),
    504: _error("The request took too long."),
}
