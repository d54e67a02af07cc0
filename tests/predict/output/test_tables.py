"""Rows in files."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferkit.errors import RunError
from ferkit.predict.media.frames import Frame
from ferkit.predict.media.sources import ImageSource
from ferkit.predict.output.open import open_sink
from ferkit.predict.output.sink import Sink
from ferkit.predict.output.tables import Printed
from ferkit.predict.predictor import Predicted
from ferkit.predict.row import LANDMARKS, Row, columns

LABELS = ("file", "müde")
"""Names that another column has, and that are not ASCII."""
FACE = Row(
    file="Größe, 1.png",
    frame=3,
    time=0.12,
    face=1,
    track=2,
    box=(1.5, -2.0, 30.25, 40.0),
    face_score=0.987654321,
    landmarks=tuple((float(n), n + 0.5) for n in range(5)),
    probabilities={"file": 0.25, "müde": 0.75},
    label="müde",
    abstained=True,
)
NONE = Row("b.png")


def predicted(*rows: Row) -> Predicted:
    still = ImageSource(Path(rows[0].file), Path(rows[0].file))
    return Predicted(Frame(still, np.zeros((4, 4, 3), np.uint8)), rows)


def write(out: Path, *rows: Row) -> Path:
    out.parent.mkdir(exist_ok=True)
    sink = open_sink(out, [])
    sink.begin(LABELS)
    for row in rows:
        assert not sink.write(predicted(row))
    assert sink.close(is_whole=True) == str(out)
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    return out


def test_columns_are_the_same_for_all_labels_but_for_their_probabilities() -> None:
    named = columns(["anger"])
    assert named[:10] == ["file", "frame", "time", "face", "track", "x0", "y0", "x1", "y1", "face_score"]
    assert named[10:12] == ["eye_left_x", "eye_left_y"]
    assert named[20:] == ["p_anger", "label", "confidence", "abstained"]
    assert len(FACE.as_record(LABELS)) == len(columns(LABELS))
    assert len(columns(LABELS)) == len(set(columns(LABELS)))


def test_csv_has_a_line_for_each_row_and_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "out.csv", FACE, NONE)
    face, none = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))
    assert face["file"] == "Größe, 1.png"
    assert (face["frame"], face["time"], face["face"], face["track"]) == ("3", "0.12", "1", "2")
    assert [face[name] for name in ("x0", "y0", "x1", "y1")] == ["1.5", "-2", "30.25", "40"]
    assert face["face_score"] == "0.987654"
    assert [face[f"{name}_y"] for name in LANDMARKS] == ["0.5", "1.5", "2.5", "3.5", "4.5"]
    assert (face["p_file"], face["p_müde"]) == ("0.25", "0.75")
    assert (face["label"], face["confidence"], face["abstained"]) == ("müde", "0.75", "true")
    assert none == {**dict.fromkeys(columns(LABELS), ""), "file": "b.png"}


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson"])
def test_json_lines_are_nested(tmp_path: Path, suffix: str) -> None:
    face, none = map(json.loads, write(tmp_path / f"out{suffix}", FACE, NONE).read_text("utf-8").splitlines())
    assert face == {
        "file": "Größe, 1.png",
        "frame": 3,
        "time": 0.12,
        "face": 1,
        "track": 2,
        "box": [1.5, -2.0, 30.25, 40.0],
        "face_score": 0.987654,
        "landmarks": [[n, n + 0.5] for n in range(5)],
        "probabilities": {"file": 0.25, "müde": 0.75},
        "label": "müde",
        "confidence": 0.75,
        "abstained": True,
    }
    assert none["file"] == "b.png"
    assert {none[key] for key in ("face", "box", "landmarks", "probabilities", "label")} == {None}


def test_parquet_has_the_columns_of_csv_with_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet

    monkeypatch.setattr("ferkit.predict.output.parquet.GROUP", 2)
    file = write(tmp_path / "out.parquet", FACE, NONE, FACE)
    table = pyarrow.parquet.read_table(file)
    assert table.column_names == columns(LABELS)
    assert [str(table.schema.field(name).type) for name in ("file", "face", "x0", "p_müde", "abstained")] == [
        "string",
        "int64",
        "double",
        "double",
        "bool",
    ]
    rows = table.to_pylist()
    assert [row["face"] for row in rows] == [1, None, 1]
    assert list(rows[0].values()) == FACE.as_record(LABELS)


def test_an_empty_parquet_file_is_whole(tmp_path: Path) -> None:
    import pyarrow.parquet

    assert pyarrow.parquet.read_table(write(tmp_path / "out.parquet")).num_rows == 0


def test_without_pyarrow_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(RunError, match=r"ferkit\[parquet\]"):
        open_sink(tmp_path / "out.parquet", [])


def test_a_name_that_is_no_utf8_is_kept_where_it_can_be(tmp_path: Path) -> None:
    import pyarrow.parquet

    row = Row(os.fsdecode(b"caf\xe9.png"))
    assert b"caf\xe9.png" in write(tmp_path / "a" / "out.csv", row).read_bytes()
    assert b"caf\xe9.png" in write(tmp_path / "b" / "out.jsonl", row).read_bytes()
    table = pyarrow.parquet.read_table(write(tmp_path / "c" / "out.parquet", row))
    assert table.column("file").to_pylist() == ["caf\\xe9.png"]


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.parquet", "annotated"])
def test_a_place_that_can_not_be_written_is_refused_before_any_work(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"Cannot write --out .*: (.*file is a file|Not a directory)"):
        open_sink(tmp_path / "file" / name, [])


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.parquet"])
def test_a_folder_called_like_a_table_is_refused_before_any_work(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(RunError, match=rf"{name}: expected a file, got a folder"):
        open_sink(tmp_path / name, [])


def test_where_a_table_can_not_be_put_in_its_place_it_is_said_where_it_is(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "out.csv", [])
    sink.begin(LABELS)
    sink.write(predicted(FACE))
    (tmp_path / "out.csv" / "full").mkdir(parents=True)  # since the work began
    with pytest.raises(RunError, match=r"The results are in .*out\.csv\.part"):
        sink.close(is_whole=True)
    assert "müde" in (tmp_path / "out.csv.part").read_text("utf-8")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that even root can't write to")
@pytest.mark.parametrize("out", [Path("/proc/out.csv"), Path("/proc/self")])
def test_a_read_only_folder_is_refused_before_any_work(out: Path) -> None:
    with pytest.raises(RunError, match=r"Cannot write --out /proc/"):
        open_sink(out, [])


def test_an_unknown_suffix_is_refused_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"expected a table \(\.csv, \.jsonl, \.ndjson, \.parquet\)"):
        open_sink(tmp_path / "out.xlsx", [])


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_what_is_not_whole_does_not_take_the_place_of_an_older_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("older")
    sink: Sink = open_sink(tmp_path / name, [])
    sink.begin(LABELS)
    sink.write(predicted(FACE))
    assert sink.close(is_whole=False) == f"{tmp_path / name}.part"
    assert (tmp_path / name).read_text() == "older"
    assert (tmp_path / f"{name}.part").stat().st_size > 50


def test_a_sink_that_never_began_can_be_closed(tmp_path: Path) -> None:
    for name in ("out.csv", "out.parquet"):
        assert open_sink(tmp_path / name, []).close(is_whole=False) is None
    assert list(tmp_path.iterdir()) == []


def printed(*rows: Row) -> list[str]:
    told = io.StringIO()
    sink = Printed(told, "table")
    sink.begin(LABELS)
    for row in rows:
        sink.write(predicted(row))
    return told.getvalue().splitlines()


@pytest.mark.parametrize(("width", "headings"), [(100, 6), (80, 5), (60, 4)])
def test_a_narrow_table_drops_columns_and_keeps_both_ends_of_a_name(
    monkeypatch: pytest.MonkeyPatch, width: int, headings: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    head, face = printed(replace(FACE, file="holiday_in_a_far_country/image_0017.jpg"))
    assert len(head.split()) == headings
    assert max(len(head), len(face)) <= width
    name = face.split()[0]
    assert name.startswith("holid")
    assert name.endswith("17.jpg")


def test_the_printed_table_has_the_two_surest_labels_and_says_where_there_is_no_face() -> None:
    head, face, none = printed(FACE, NONE)
    assert head.split() == ["file", "time", "face", "expression", "next", "box"]
    words = "Größe, 1.png 0.12 s 2 unsure (müde 75.0%) file 25.0% 2 -2 30 40"
    assert face.split() == words.split()
    assert none.split("  ")[0] == "b.png"
    assert none.endswith("no face was found")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_what_is_printed_is_what_a_file_would_hold(tmp_path: Path, form: str) -> None:
    told = io.StringIO()
    sink = Printed(told, form)
    sink.begin(LABELS)
    sink.write(predicted(FACE))
    assert told.getvalue() == write(tmp_path / f"out.{form}", FACE).read_text("utf-8")


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_no_digit_is_lost_that_tells_frames_apart(tmp_path: Path, suffix: str) -> None:
    rows = [Row("v.mp4", frame=frame, time=time) for frame, time in ((270000, 10800.0), (270001, 10800.04))]
    text = write(tmp_path / "out" / f"a.{suffix}", *rows).read_text()
    assert "10800.04" in text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_a_pipe_is_not_replaced_by_a_table(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(RunError, match=rf"{name}: expected a file, got a named pipe"):
        open_sink(tmp_path / name, [])
    assert (tmp_path / name).is_fifo()
