"""Malformed requests get an answer of their own, never an error of the server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from starlette.testclient import TestClient

from ferkit.predict.predictor import Predictor
from ferkit.serve.app import create_app
from ferkit.serve.limits import Limits
from tests.serve.malformed import REQUESTS, Malformed

ANSWERS = {200, 400, 413, 422}


@pytest.fixture(scope="module")
def hardened(predictor: Predictor) -> Iterator[TestClient]:
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(TestClient(create_app(predictor, None, Limits(megapixels=1))))


@given(request=REQUESTS)
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_malformed_request_is_answered(hardened: TestClient, request: Malformed) -> None:
    headers = {"content-type": request.kind.encode("latin-1")}
    answer = hardened.post(f"/predict?{request.query}", content=request.body, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code in ANSWERS, answer.text
    if answer.status_code != 200:
        assert answer.json()["error"]
