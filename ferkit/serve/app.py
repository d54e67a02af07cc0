"""The application: routes, and answers to wrong requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from jinja2 import Environment
from starlette.exceptions import HTTPException

from ferkit.predict.predictor import Predictor
from ferkit.serve.answers import Form, make_answer
from ferkit.serve.engine import Engine
from ferkit.serve.guard import INTERNAL, Guard
from ferkit.serve.limits import TOO_SLOW_BODY, UNREADABLE, Limits, RequestError
from ferkit.serve.metrics import Metrics
from ferkit.serve.model_info import ModelInfo, describe_model
from ferkit.serve.openapi import ANSWERS, BODY
from ferkit.serve.upload import Fetch, read_body, read_uploads
from ferkit.version import __version__

PAGE = Path(__file__).parent / "page"
ASSETS = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/drawing.js": ("drawing.js", "text/javascript; charset=utf-8"),
    "/table.js": ("table.js", "text/javascript; charset=utf-8"),
}
Every = Annotated[int, Query(ge=1, le=10_000, description="Process every Nth frame of a video.")]
FormQuery = Annotated[Form, Query(alias="format", description="Form of the answer.")]


def create_app(
    predictor: Predictor,
    model: str | None = None,
    limits: Limits = Limits(),  # noqa: B008  # frozen
    *,
    token: str = "",
    hosts: Collection[str] = (),
    fetch: Fetch | None = None,
) -> Guard:
    """Make the ASGI application.

    Args:
        predictor: The model and detector, with `most_faces` above the limit of faces.
        model: As for `Predictor`, for `GET /models`.
        limits: Of a request.
        token: The token that requests need; "" for none.
        hosts: Accepted names in the header Host; empty for all.
        fetch: Returns the content of an address; None if addresses are not allowed.
    """
    metrics = Metrics()
    engine = Engine(predictor, limits, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engine.running():
            yield

    app = FastAPI(
        title="ferkit",
        version=__version__,
        description="Recognise the expressions of faces in images and videos.",
        docs_url=None,  # it would load scripts from another site
        redoc_url=None,
        lifespan=lifespan,
    )
    _answer_errors(app)
    _add_predict(app, engine, fetch)
    _add_information(app, metrics, describe_model(model, predictor))
    _add_pages(app)
    return Guard(app, limits, metrics, token, hosts)


def _add_predict(app: FastAPI, engine: Engine, fetch: Fetch | None) -> None:
    limits = engine.limits

    @app.post("/predict", openapi_extra=BODY, responses=ANSWERS, summary="Recognise expressions")
    async def predict(request: Request, form: FormQuery = Form.ferkit, every: Every = 1) -> Response:
        """Return one row for each face of the images and videos. An image without a face has one row."""
        kind = request.headers.get("content-type", "")
        try:
            async with asyncio.timeout(limits.seconds / 2):
                body = await read_body(request.stream(), request.headers.get("content-length"), limits)
        except TimeoutError as error:
            reason = f"The request did not arrive within {limits.seconds / 2:g} s."
            raise RequestError(TOO_SLOW_BODY, reason) from error
        read = asyncio.to_thread if fetch else engine.decode
        uploads = await read(read_uploads, kind, body, limits, fetch)
        del body  # the uploads are copies
        results = await asyncio.gather(*(engine.process(upload, every) for upload in uploads))
        return make_answer(results, form, engine.predictor.labels)


def _add_information(app: FastAPI, metrics: Metrics, info: ModelInfo) -> None:
    @app.get("/models", summary="Describe the model")
    async def models() -> dict[str, list[ModelInfo]]:
        """Return name, hash, labels, limits and card of the model."""
        return {"models": [info]}

    @app.get("/healthz", summary="Check that the server runs")
    async def healthz() -> dict[str, str]:
        """Return {"status": "ok"}."""
        return {"status": "ok", "version": __version__}

    @app.get("/metrics", summary="Numbers for Prometheus", response_class=Response)
    async def show_metrics() -> Response:
        """Return requests, images, faces, batches, time and memory in the text format of Prometheus."""
        return Response(metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_pages(app: FastAPI) -> None:
    for path, (name, media_type) in ASSETS.items():
        app.add_api_route(path, _file_route(PAGE / name, media_type), include_in_schema=False)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        template = Environment(autoescape=True).from_string((PAGE / "docs.html").read_text(encoding="utf-8"))
        return HTMLResponse(template.render(schema=app.openapi()))


def _file_route(file: Path, media_type: str) -> Any:
    async def send() -> FileResponse:
        return FileResponse(file, media_type=media_type)

    return send


def _answer_errors(app: FastAPI) -> None:
    """Answer all wrong requests with {"error": "..."}."""

    @app.exception_handler(RequestError)
    async def refused(_: Request, error: RequestError) -> JSONResponse:
        return JSONResponse({"error": error.reason}, error.status)

    @app.exception_handler(Exception)
    async def broken(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({"error": INTERNAL}, 500)

    @app.exception_handler(HTTPException)
    async def failed(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": f"{error.detail}."}, error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"error": " ".join(_explain(error.errors()))}, UNREADABLE)


def _explain(errors: Sequence[Any]) -> list[str]:
    return [f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}." for one in errors]
