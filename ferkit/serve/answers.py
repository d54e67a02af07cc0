"""The forms of an answer: ferkit's rows, CSV, or deepface's shape."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from fastapi.responses import JSONResponse, Response

from ferkit.predict.compat import as_deepface
from ferkit.predict.output.tables import json_row, text_cells
from ferkit.predict.row import columns
from ferkit.runtime.escape import csv_row
from ferkit.serve.engine import Problem, Result
from ferkit.serve.limits import UNREADABLE, RequestError

PROBLEM = "problem"
"""Column of CSV with the reason why a file failed."""


class Form(StrEnum):
    """Values of ?format=."""

    ferkit = "ferkit"
    csv = "csv"
    deepface = "deepface"


def make_answer(results: Sequence[Result], form: Form, labels: Sequence[str]) -> Response:
    """Return the answer to a request. If no file could be processed, its status is that of the problems.

    Args:
        results: One for each file.
        form: The form.
        labels: The labels of the model.

    Raises:
        RequestError: The form has no videos, and there is one.
    """
    problems = [problem for result in results for problem in result.problems]
    if not any(result.rows for result in results):
        return _failed(problems)
    if form is Form.csv:
        return Response(_as_csv(results, labels), media_type="text/csv")
    listed = [{"file": one.file, "reason": one.reason} for one in problems]
    if form is Form.deepface:
        return JSONResponse({"results": _as_deepface(results), "problems": listed})
    rows = [json_row(row) for result in results for row in result.rows]
    return JSONResponse({"labels": list(labels), "rows": rows, "problems": listed})


def _failed(problems: Sequence[Problem]) -> Response:
    listed = [{"file": one.file, "reason": one.reason} for one in problems]
    text = f"Cannot process {problems[0].file}: {problems[0].reason.removesuffix('.')}."
    if len(problems) > 1:
        text += f" {len(problems) - 1} more failed."
    return JSONResponse({"error": text, "problems": listed}, max(one.status for one in problems))


def _as_csv(results: Sequence[Result], labels: Sequence[str]) -> str:
    """Write the rows, with the columns of `ferkit predict` and the column `problem`.

    A file with a problem has a row without values: a reader of the table alone must see that it failed.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    names = columns(labels)
    table.writerow([*csv_row(names), PROBLEM])
    for result in results:
        table.writerows([*text_cells(row.as_record(labels)), ""] for row in result.rows)
        empty = [""] * (len(names) - 1)
        table.writerows(csv_row([one.file, *empty, one.reason]) for one in result.problems)
    return text.getvalue()


def _as_deepface(results: Sequence[Result]) -> list[Any]:
    """Return the faces of an image; of several images, one list for each, as deepface does."""
    if any(result.is_video for result in results):
        raise RequestError(UNREADABLE, "?format=deepface is for images, got a video. Use ?format=ferkit.")
    faces = [as_deepface(result.rows) for result in results]
    return faces[0] if len(faces) == 1 else faces
