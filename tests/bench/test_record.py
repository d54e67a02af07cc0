"""Records on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ferkit.bench.record import Measurement, check_writable, read_record, write_record
from ferkit.errors import DataError
from tests.bench.made_up import measured, record_of


def test_what_is_written_is_read(tmp_path: Path) -> None:
    backbone = measured("backbone", [0.1, 0.2], peak_memory=2**20, flops=10**9, peak_share=0.8)
    record = record_of(
        backbone,
        Measurement({"command": "check"}, [0.5], images=0),
        missing=[({"stage": "head", "batch": 1}, "no head")],
        warnings=["busy"],
        facts={"ratio": 1.01},
    )
    write_record(record, tmp_path / "deep" / "a.json")
    assert read_record(tmp_path / "deep" / "a.json") == record


def test_the_file_tells_what_is_worked_out_too(tmp_path: Path) -> None:
    write_record(record_of(measured("decode", [0.1, 0.2, 0.4], batch=2)), tmp_path / "a.json")
    (told,) = json.loads((tmp_path / "a.json").read_text())["measurements"]
    assert told["median"] == 0.2
    assert told["images_per_second"] == 10
    assert 0.2 < told["p95"] < told["p99"] < 0.4


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected a file from `ferkit bench --out`"),
        ("[1]", '"ferkit_bench": 1, found None'),
        ('{"ferkit_bench": 2}', "found 2. Measure again"),
        ('{"ferkit_bench": 1}', "title: Field required"),
        ('{"ferkit_bench": 1, "title": 3}', "title: Input should be a valid string"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(DataError, match=r"a\.json") as raised:
        read_record(file)
    assert problem in str(raised.value)


@pytest.mark.parametrize("seconds", [[], [0.0], [float("nan")], ["fast"]])
def test_times_that_are_none_are_refused(tmp_path: Path, seconds: list[object]) -> None:
    file = tmp_path / "a.json"
    write_record(record_of(measured("decode", [0.1])), file)
    table = json.loads(file.read_text())
    table["measurements"][0]["seconds"] = seconds
    file.write_text(json.dumps(table))
    with pytest.raises(DataError, match="Measure again"):
        read_record(file)


def test_a_file_that_is_not_there_or_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.json"):
        read_record(tmp_path / "none.json")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="Give another --out"):
        write_record(record_of(), tmp_path / "file" / "a.json")


def test_whether_a_record_can_be_written_is_known_before(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for file in (tmp_path / "file" / "a.json", tmp_path):
        with pytest.raises(DataError, match="Give another --out"):
            check_writable(file)
    check_writable(tmp_path / "deep" / "a.json")
    assert list(tmp_path.rglob("*.json")) == []


def test_settings_of_another_type_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_record(record_of(measured("decode", [0.1])), file)
    table = json.loads(file.read_text())
    file.write_text(json.dumps({**table, "setting": ["fast"]}))
    with pytest.raises(DataError, match="setting: Input should be a valid dictionary"):
        read_record(file)
