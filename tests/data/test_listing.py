"""CSV lists of images, as people and spreadsheets write them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ferkit.data.listing import Entry, read_listing
from ferkit.errors import DataError
from ferkit.messages import count_some, printable

HASH = "0f" * 32


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def test_a_row_is_a_image(file: Path) -> None:
    file.write_text(
        f'path,label,split,groups,sha256\na/1.png,anger,train,"{{""person"": ""7""}}",{HASH.upper()}\n'
    )
    assert read_listing(file) == [Entry("a/1.png", "anger", "train", {"person": "7"}, HASH)]


def test_columns_stand_in_any_order_and_some_may_be_left_out_or_added(file: Path) -> None:
    file.write_text("note,label,path\nblurred,fear,1.png\n")
    assert read_listing(file) == [Entry("1.png", "fear", "", {}, "", {"note": "blurred"})]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_change_nothing(file: Path, end: str, mark: str) -> None:
    rows = ["path,label,split", "1.png,fear,test", "", '"a,b.png",joy,"train"', ""]
    file.write_bytes((mark + end.join(rows)).encode())
    assert [(one.name, one.label, one.split) for one in read_listing(file)] == [
        ("1.png", "fear", "test"),
        ("a,b.png", "joy", "train"),
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("val", "validation"), ("Valid", "validation"), ("training", "train"), ("Testing", "test"), ("", "")],
)
def test_parts_are_known_by_several_names(file: Path, written: str, meant: str) -> None:
    file.write_text(f"path,label,split\n1.png,fear,{written}\n")
    assert read_listing(file)[0].split == meant


def test_a_file_whose_name_is_no_utf8_can_be_listed(file: Path) -> None:
    file.write_bytes(b"path,label\ncaf\xe9.png,joy\n")
    name = read_listing(file)[0].name
    assert os.fsencode(name) == b"caf\xe9.png"
    assert printable(name) == r"caf\xe9.png"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"name,label\n1.png,a\n", "has no column path. Its first line must be path,label,split"),
        (b"file;class\n1.png;a\n", "has no column path and no column label"),
        (b"", "has no column path and no column label"),
        (b"path,label\n", "lists no image"),
        (b"path,label\n1.png,\n", "line 2: path and label must not be empty"),
        (b"path,label\n1.png\n", "line 2: path and label must not be empty"),
        (b"path,label\n1.png,Z\xfcrich\n", r"line 2: the label Z\\xfcrich is not UTF-8"),
        (
            b"path,label,split\n1.png,a,dev\n",
            "line 2: expected a split of train.* got 'dev'",
        ),
        (
            b'path,label,groups\n1.png,a,"[1]"\n',
            r"line 2: expected groups as a JSON object of strings.*got \[1\]",
        ),
        (b'path,label,groups\n1.png,a,"{""p"": 7}"\n', "line 2: expected groups as a JSON object of strings"),
        (b"path,label,groups\n1.png,a,movie\n", "line 2: expected groups as a JSON object.*got movie"),
        (
            b'path,label,groups\n1.png,a,{"m": "A", "c": "B"}\n',
            "line 2: there are more fields than columns. Put a field with a comma",
        ),
        (b'path,label\n"1.png,a\n2.png,b\n', "can't be read as a list of images"),
        (b"path,label\n1.png,a\n2.png,a\n1.png,b\n", "lists 1.png more than once"),
        (b"path,label\na//1.png,a\na/./1.png,a\n", "lists a/1.png more than once"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(file: Path, text: bytes, problem: str) -> None:
    file.write_bytes(text)
    with pytest.raises(DataError, match=problem) as raised:
        read_listing(file)
    assert str(file) in str(raised.value)


def test_lines_are_counted_as_an_editor_counts_them(file: Path) -> None:
    file.write_text('path,label,note\n\n1.png,a,"two\nlines"\n2.png,,\n')
    with pytest.raises(DataError, match="line 5: path and label"):
        read_listing(file)


def test_all_faulty_rows_are_told_at_once(file: Path) -> None:
    file.write_text("path,label,split\n1.png,,dev\n2.png,a,x\n")
    with pytest.raises(DataError) as raised:
        read_listing(file)
    assert len(str(raised.value).splitlines()) == 3


def test_a_list_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(DataError, match=r"list\.csv can't be read as a list of images"):
        read_listing(file)


def test_many_names_are_told_by_the_first_few() -> None:
    assert count_some(["a", "b", "c"]) == "a, b, c"
    assert count_some(["a", "b", "c", "d", "e"]) == "a, b, c and 2 others"


def test_groups_that_are_nested_too_deep_are_an_error_of_their_line(file: Path) -> None:
    file.write_text(f"path,label,groups\n1.png,fear,{'[' * 50_000}\n")
    with pytest.raises(DataError, match="line 2: expected groups as a JSON object"):
        read_listing(file)


def test_a_cell_of_many_lines_takes_one_line_of_the_message(file: Path) -> None:
    file.write_text(f'path,label,split,groups\n1.png,fear,{"x" * 100_000},"a\r\n\n\u2028b"\n')
    with pytest.raises(DataError) as raised:
        read_listing(file)
    first, second = str(raised.value).splitlines()
    assert "got 'xxx" in first
    assert second.endswith("got a b")
    assert len(str(raised.value)) < 1000
