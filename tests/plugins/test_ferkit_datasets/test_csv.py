"""Tables of paths and labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ferkit_datasets.csv import TableDataset
from ferkit_datasets.manifest import Manifest

from ferkit.errors import DataError, RecipeError
from ferkit.interfaces import Sample
from ferkit.recipe.load import load_recipe
from tests.plugins.test_ferkit_datasets.miniature import draw, write


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for name in ("a/1.png", "a/2.png", "b/3.png"):
        draw(tmp_path / "faces" / name)
    return write(
        tmp_path / "faces" / "list.tsv",
        "subject\tfile\temotion\tfold",
        "7\ta/1.png\tHA\ttrn",
        "8\ta/2.png\tNE\ttst",
        "\tb/3.png\t??\ttst",
    )


OPTIONS: dict[str, Any] = {
    "path": "file",
    "label": "emotion",
    "split": "fold",
    "groups": {"person": "subject"},
    "label_map": {"HA": "happiness", "NE": "neutral", "??": ""},
    "split_map": {"trn": "train", "tst": "test"},
    "separator": "\t",
}


def test_columns_labels_parts_and_groups_are_those_that_the_options_name(file: Path) -> None:
    dataset = TableDataset(file, **OPTIONS)
    assert dataset.problems() == []
    assert dataset.samples() == [
        Sample(file.parent / "a/1.png", "happiness", {"person": "7"}, "train"),
        Sample(file.parent / "a/2.png", "neutral", {"person": "8"}, "test"),
    ]


def test_labels_and_parts_stand_as_written_without_a_map(tmp_path: Path) -> None:
    draw(tmp_path / "1.png")
    file = write(tmp_path / "list.csv", "path,label,split", '"1.png","joy, great",train')
    assert TableDataset(file, split="split").samples() == [
        Sample(tmp_path / "1.png", "joy, great", {}, "train")
    ]
    assert TableDataset(file).samples()[0].split == ""


def test_a_table_may_lie_elsewhere_and_have_no_names(file: Path, tmp_path: Path) -> None:
    moved = write(tmp_path / "bare.csv", "a/1.png;joy", "b/3.png;fear")
    dataset = TableDataset(moved, root=file.parent, separator=";", columns=("path", "label"))
    assert dataset.problems() == []
    assert [(one.path.name, one.label) for one in dataset.samples()] == [("1.png", "joy"), ("3.png", "fear")]


def test_a_person_who_is_not_known_is_no_group(file: Path) -> None:
    options = OPTIONS | {"label_map": OPTIONS["label_map"] | {"??": "fear"}}
    assert TableDataset(file, **options).samples()[2].groups == {}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1\ta/9.png\tHA\ttrn", "line 5: there is no file .*a/9.png"),
        ("1\t\tHA\ttrn", "line 5: there is no file"),
        ("1\ta/1.png\tNE\ttrn", r"line 5: .*a/1\.png is also in .*line 2"),
        ("1\tb/3.png\tSU\ttrn", r"line 5: the label is 'SU'; expected one of HA \(happiness\), NE"),
        ("1\tb/3.png\tHA\tdev", "line 5: the split is 'dev'; expected one of 'trn', 'tst'"),
        ("1\tb/3.png\tHA", "line 5: expected 4 cells .* got 3"),
    ],
)
def test_a_row_that_can_not_be_used_is_told_with_file_and_line(file: Path, line: str, problem: str) -> None:
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(DataError, match=problem):
        TableDataset(file, **OPTIONS).samples()


def test_a_cell_without_a_label_is_told(tmp_path: Path) -> None:
    draw(tmp_path / "1.png")
    file = write(tmp_path / "list.csv", "path,label", "1.png,")
    with pytest.raises(DataError, match="line 2: the column 'label' is empty"):
        TableDataset(file).samples()


@pytest.mark.parametrize(
    ("encoding", "separator", "slash", "end"),
    [
        ("utf-8-sig", ",", "/", "\r\n"),
        ("utf-16", ";", "\\", "\r\n"),
        ("latin-1", "\t", "/", "\r"),
        ("utf-8", "|", "\\", "\n"),
    ],
)
@pytest.mark.parametrize("data", [TableDataset, Manifest])
def test_a_table_is_read_as_spreadsheets_and_windows_write_it(
    tmp_path: Path, data: type, encoding: str, separator: str, slash: str, end: str
) -> None:
    labels = ["fröhlich" if encoding != "latin-1" or data is TableDataset else "froh", "traurig"]
    for name in ("1.png", "2.png"):
        draw(tmp_path / "in" / name)
    rows = [("path", "label"), (f"in{slash}1.png", labels[0]), (f"in{slash}2.png", labels[1])]
    text = "".join(separator.join(row) + end for row in rows)
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    samples = data(tmp_path / "list.csv").samples()
    assert [one.label for one in samples] == labels
    assert [one.path.resolve() for one in samples] == [tmp_path / "in" / "1.png", tmp_path / "in" / "2.png"]


def test_a_table_that_is_not_utf_8_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    draw(tmp_path / "1.png")
    (tmp_path / "list.csv").write_bytes("path,label\n1.png,fröhlich\n".encode("latin-1"))
    TableDataset(tmp_path / "list.csv").samples()
    assert "list.csv is not UTF-8" in caplog.text


def test_columns_that_are_not_there_are_problems_with_those_that_are(file: Path) -> None:
    (problem,) = TableDataset(file, separator="\t").problems()
    assert problem.startswith(
        f"{file} has no column path, label; its columns are subject, file, emotion, fold."
    )
    (problem,) = TableDataset(file.with_name("none.csv")).problems()
    assert problem.startswith(f"there is no file {file.with_name('none.csv')}. Expected a table")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"separator": "::"}, "separator: expected one character, got '::'"),
        ({"split_map": {"a": "train"}}, "split_map: it needs the option split"),
        ({"split": "s", "split_map": {"a": "tran"}}, "no split is called 'tran'. Did you mean 'train'"),
    ],
)
def test_an_option_that_can_not_be_is_named(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        TableDataset(Path("list.csv"), **options)


def test_a_recipe_names_it_csv(file: Path, tmp_path: Path) -> None:
    recipe = write(
        tmp_path / "own.toml",
        'name = "own"',
        'plugins = ["ferkit_datasets"]',
        f'[data]\nname = "csv"\nfile = "{file}"\nseparator = "\\t"\npath = "files"\nlabel = "emotion"',
    )
    with pytest.raises(RecipeError, match=r"data: .*has no column files; its columns are subject, file"):
        load_recipe(str(recipe))


@pytest.mark.parametrize("name", ["x" * 5000, "~no-such-user/x.png", "\0", "a/" * 3000], ids=len)
def test_a_path_that_no_file_can_have_is_an_error_of_its_line(tmp_path: Path, name: str) -> None:
    write(tmp_path / "list.csv", "path,label", f"{name},anger")
    with pytest.raises(DataError, match=r"list\.csv, line 2: there is no file"):
        TableDataset(tmp_path / "list.csv").samples()
    with pytest.raises(DataError, match="lacks 1 of the 1 images"):
        Manifest(tmp_path / "list.csv").samples()


def test_a_backslash_path_that_is_too_long_is_missing(tmp_path: Path) -> None:
    write(tmp_path / "list.csv", "path,label", "x\\" * 3000 + ",anger")
    with pytest.raises(DataError, match="lacks 1 of the 1 images"):
        Manifest(tmp_path / "list.csv").samples()
