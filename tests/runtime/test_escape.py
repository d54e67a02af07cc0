"""Text from elsewhere, in CSV and Markdown."""

from __future__ import annotations

import csv
import io

import pytest

from ferkit.messages import printable, printable_lines
from ferkit.runtime.escape import csv_cell, csv_row, escape_markdown, from_csv_cell

TEXTS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1", "'a", "'", "a=1", "", "=", "é-"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_cell_is_no_formula_and_reads_back_the_same(text: str) -> None:
    cell = csv_cell(text)
    assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r")
    assert from_csv_cell(cell) == text


def test_a_row_of_texts_survives_a_csv_file_and_numbers_stay_as_they_are() -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([*csv_row(TEXTS), *csv_row([-1, -0.5, None])])
    (row,) = csv.reader(io.StringIO(buffer.getvalue(), newline=""))
    assert [from_csv_cell(cell) for cell in row[: len(TEXTS)]] == TEXTS
    assert row[len(TEXTS) :] == ["-1", "-0.5", ""]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
        ("a|b", "a\\|b"),
        ("`x`", "&#96;x&#96;"),
        ("![x](http://example.org)", "![x&#93;(http://example.org)"),
        ("a\n# b", "a\\n# b"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("&lt;", "&amp;lt;"),
        ("[46.0, 58.3]", "[46.0, 58.3]"),
    ],
)
def test_markdown_shows_text_as_it_is(text: str, escaped: str) -> None:
    assert escape_markdown(text) == escaped


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\r", "\u202e", "\u2028"])
def test_control_characters_are_shown(control: str) -> None:
    for shown in (printable(f"a{control}b"), printable_lines(f"a{control}b")):
        assert control not in shown
        assert shown.startswith("a\\")
        assert shown.endswith("b")


def test_line_breaks_of_a_text_stay_and_those_of_a_name_do_not() -> None:
    assert printable_lines("a\n\tb") == "a\n\tb"
    assert printable("a\n\tb") == "a\\n\\tb"
    assert printable("ä 日本 \udcff") == "ä 日本 \\xff"
