from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from ferkit.errors import RunError
from ferkit.predict.output.open import open_printed, open_sink, open_sinks
from ferkit.predict.output.py_feat import PyFeatTable
from ferkit.predict.row import Row
from tests.predict.output.test_tables import FACE, NONE, predicted

LABELS = ("neutral", "anger", "contempt")


def read(*rows: Row) -> list[dict[str, str]]:
    file = io.StringIO()
    table = PyFeatTable(file, LABELS)
    for row in rows:
        table.row(row)
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def test_the_columns_are_those_of_py_feat_and_further_labels() -> None:
    (row,) = read(NONE)
    boxes = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]
    emotions = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt"]
    assert list(row) == [*boxes, *emotions, "input", "frame", "approx_time"]


def test_a_face_has_its_box_with_width_and_height() -> None:
    known = {"neutral": 0.25, "anger": 0.5, "contempt": 0.25}
    (row,) = read(Row("a.mp4", 80, 65.4, 1, 1, (1.5, -2.0, 30.25, 40.0), 0.9, None, known, "anger"))
    assert [row[key] for key in list(row)[:5]] == ["1.5", "-2", "28.75", "42", "0.9"]
    assert (row["neutral"], row["anger"], row["contempt"], row["fear"]) == ("0.25", "0.5", "0.25", "")
    assert (row["input"], row["frame"], row["approx_time"]) == ("a.mp4", "80", "01:05")


def test_an_image_without_a_face_has_its_name_and_no_box() -> None:
    (row,) = read(NONE)
    assert (row["input"], row["frame"], row["FaceRectX"], row["neutral"]) == ("b.png", "0", "", "")


def test_other_formats_have_no_such_columns(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.parquet"):
        with pytest.raises(RunError, match=r"--columns py-feat: expected a file \.csv"):
            open_sink(tmp_path / name, [], "py-feat")
    with pytest.raises(RunError, match="no --out is a CSV file"):
        open_sinks([tmp_path / "annotated"], [], "py-feat")
    with pytest.raises(RunError, match="--format csv"):
        open_printed(io.StringIO(), "table", "py-feat")


def test_the_table_is_written_and_printed(tmp_path: Path) -> None:
    printed = io.StringIO()
    for sink in (open_sink(tmp_path / "a.csv", [], "py-feat"), open_printed(printed, "csv", "py-feat")):
        sink.begin(("file", "müde"))
        sink.write(predicted(FACE))
        sink.close(is_whole=True)
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == printed.getvalue()
    assert printed.getvalue().startswith("FaceRectX,")
