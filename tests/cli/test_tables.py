"""Tables and texts that fit the terminal."""

from __future__ import annotations

import pytest

from ferkit.cli.tables import fits, make_console, make_table, reflow, say
from ferkit.messages import UNLIMITED

DOCSTRING = """\
A head of one layer that averages the last map,
then classifies.

Args:
    dropout: Fraction of values that are set to zero
        before the layer, 0..1.
    stage: Name of the map.
- one entry
- another
"""


def test_the_width_is_that_of_columns_or_of_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    assert make_console().width == 70
    monkeypatch.delenv("COLUMNS")
    assert make_console().width == UNLIMITED


@pytest.mark.parametrize(("width", "is_wide_enough"), [(20, False), (40, True)])
def test_a_table_fits_where_no_cell_wraps(
    monkeypatch: pytest.MonkeyPatch, width: int, is_wide_enough: bool
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    table = make_table(("name", "value"))
    table.add_row("accuracy", "more words than 20")
    assert fits(make_console(), table) is is_wide_enough


def test_paragraphs_are_joined_and_entries_stay_apart() -> None:
    wide = reflow(DOCSTRING, 200).splitlines()
    assert wide[0] == "A head of one layer that averages the last map, then classifies."
    assert wide[2:5] == [
        "Args:",
        "    dropout: Fraction of values that are set to zero before the layer, 0..1.",
        "    stage: Name of the map.",
    ]
    assert wide[5:] == ["- one entry", "- another"]
    narrow = reflow(DOCSTRING, 40).splitlines()
    assert max(map(len, narrow)) <= 40
    assert narrow[narrow.index("Args:") + 2].startswith("        set to zero")


def test_a_long_line_wraps_between_words_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "  image_folder -> mtcnn -> inception_resnet_v1"
    monkeypatch.setenv("COLUMNS", "30")
    say(text)
    assert capsys.readouterr().out == "  image_folder -> mtcnn ->\n    inception_resnet_v1\n"
    monkeypatch.delenv("COLUMNS")
    say(text)
    assert capsys.readouterr().out == f"{text}\n"
