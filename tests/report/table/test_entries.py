"""The place of each run in a paper's table, and the reasons why others are not shown."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from pathlib import Path

import pytest
import tomli_w

from ferkit.errors import DataError, RunError
from ferkit.evaluation.side_by_side import write_names
from ferkit.recipe.extends import read_table
from ferkit.report.table.columns import make_grid
from ferkit.report.table.definition import read_definition
from ferkit.report.table.differences import command, describe, differences, resolved_shipped
from ferkit.report.table.entries import make_table
from ferkit.report.table.formats import to_csv, to_markdown
from ferkit.runtime.shipped import shipped_files, shipped_recipes
from tests.run_folders import PROTOCOL, write_run

RIGHT = [(0.1, 0.9, 0.2, 0.6), (0.2, 0.9)]
HALF = [(0.1, 0.9, 0.8, 0.4), (0.8, 0.9)]
GROUPED = {**PROTOCOL, "name": "grouped", "by": "movie", "split": None}
DEFINITION = read_definition("sfew")


def test_every_row_of_the_papers_table_has_a_line(tmp_path: Path) -> None:
    table = make_table(DEFINITION, [write_run(tmp_path / "a", [HALF])])
    assert [line.row.place for line in table.lines] == list(range(1, 10))
    assert [line.row.place for line in table.lines if line.runs] == [4]


def test_what_is_missing_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    lacking = DEFINITION.row[-1].model_copy(update={"place": 10, "recipes": []})
    definition = DEFINITION.model_copy(update={"row": [*DEFINITION.row, lacking]})
    table = make_table(definition, [write_run(tmp_path / "a", [HALF])])
    assert (
        "Row 4 has no run for grouped, nested. Run: `ferkit run sfew_inception --set protocol.name=nested`"
        in (table.missing)
    )
    assert "Row 10: there is no recipe yet." in table.missing


def test_protocols_are_columns_and_each_has_its_run(tmp_path: Path) -> None:
    paper = write_run(tmp_path / "a", [HALF, RIGHT])
    grouped = write_run(tmp_path / "b", [HALF], protocol=GROUPED, movies=2)
    table = make_table(DEFINITION, [grouped, paper])
    assert table.protocols == ["paper", "grouped (movie)"]
    line = table.lines[3]
    assert {key: run.path for key, run in line.runs.items()} == {"paper": paper, "grouped (movie)": grouped}


def test_of_runs_of_the_same_kind_the_one_with_most_repeats_is_shown_and_the_other_named(
    tmp_path: Path,
) -> None:
    one = write_run(tmp_path / "one", [HALF])
    three = write_run(tmp_path / "three", [HALF] * 3)
    stranger = write_run(tmp_path / "stranger", [HALF], name="mine")
    table = make_table(DEFINITION, [one, three, stranger])
    assert table.lines[3].runs["paper"].path == three
    assert table.left_out == [
        f"{one}: {three} is shown instead",
        f"{stranger}: the recipe mine is not in this table",
    ]


def test_a_demonstration_is_not_shown(tmp_path: Path) -> None:
    table = make_table(DEFINITION, [write_run(tmp_path / "a", [HALF], demo=True)])
    assert not table.lines[3].runs
    assert "demo run" in table.left_out[0]


def variant(folder: Path, **model: object) -> Path:
    """A run of the shipped recipe with another value in [model]."""
    table = resolved_shipped("sfew_inception")
    assert table
    table["model"] |= model
    return write_run(folder, [HALF], recipe=tomli_w.dumps(table))


def test_runs_that_differ_from_the_recipe_have_a_line_each_that_says_in_what(tmp_path: Path) -> None:
    small = variant(tmp_path / "small", image_size=160)
    same = variant(tmp_path / "same")
    table = make_table(DEFINITION, [small, same])
    lines = [line for line in table.lines if line.row.place == 4]
    assert [line.label for line in lines] == ["", "image_size = 160"]
    assert command(small, "sfew_inception") == "ferkit run sfew_inception --set model.image_size=160"
    assert command(same, "sfew_inception") == "ferkit run sfew_inception"


def test_a_search_has_a_line_of_its_own(tmp_path: Path) -> None:
    plain = write_run(tmp_path / "plain", [HALF])
    search = write_run(tmp_path / "search", [HALF] * 2, name="sfew_search")
    table = make_table(DEFINITION, [plain, search])
    lines = [line for line in table.lines if line.row.place == 4]
    assert [line.label for line in lines] == ["", "recipe sfew_search"]
    assert table.left_out == []


def test_what_was_searched_and_left_out_stands_in_the_command(tmp_path: Path) -> None:
    table = resolved_shipped("sfew_inception")
    assert table
    table["grid"] = {"fit.optimizer.lr": [1e-4, 2e-4]}
    del table["augment"]
    run = write_run(tmp_path, [HALF], recipe=tomli_w.dumps(table))
    made_by = command(run, "sfew_inception")
    assert """--set grid='{"fit.optimizer.lr"=[0.0001, 0.0002]}'""" in made_by
    assert "# without augment.0.name" in made_by


@pytest.mark.parametrize("value", ["it's", "a;b", "(a)", "$HOME", "a b"])
def test_a_value_comes_through_a_shell_as_it_is(tmp_path: Path, value: str) -> None:
    words = shlex.split(command(variant(tmp_path, initial=value), "sfew_inception"))
    assert words == ["ferkit", "run", "sfew_inception", "--set", f"model.initial={value}"]


def test_what_only_changes_where_a_run_computes_is_no_difference(tmp_path: Path) -> None:
    table = resolved_shipped("sfew_inception")
    assert table
    table["fit"] |= {"device": "cuda", "workers": 4}
    table["data"]["root"] = "/elsewhere"
    run = write_run(tmp_path, [HALF], recipe=tomli_w.dumps(table))
    assert differences(run, "sfew_inception") == {}


def test_where_a_further_dataset_is_is_no_difference(tmp_path: Path) -> None:
    table = resolved_shipped("sfew_cycleat_ferplus")
    assert table
    table["estimator"]["source"] |= {"root": "/elsewhere", "join": "/elsewhere/list.csv"}
    run = write_run(tmp_path, [HALF], recipe=tomli_w.dumps(table))
    assert differences(run, "sfew_cycleat_ferplus") == {}
    assert "elsewhere" not in command(run, "sfew_cycleat_ferplus")


def test_an_option_that_came_after_a_run_is_no_difference(tmp_path: Path) -> None:
    table = resolved_shipped("sfew_inception")
    assert table
    del table["fit"]["accumulate"]
    write_run(tmp_path, [HALF], recipe=tomli_w.dumps(table))
    assert differences(tmp_path, "sfew_inception") == {}


def test_differences_are_told_in_the_words_of_the_recipe() -> None:
    changed = {"model.backbone.weights": "msceleb1m", "model.head.stage": "block8"}
    assert describe(changed) == "weights = msceleb1m, head.stage = block8"


def test_a_score_has_its_deviation_and_its_interval_and_its_column_the_mark(tmp_path: Path) -> None:
    table = make_table(DEFINITION, [write_run(tmp_path / "a", [HALF, RIGHT])])
    grid = make_grid(table)
    assert grid.headings[4:7] == ["paper: last epoch", "paper: best epoch†", "verdict†"]
    assert all(cell.startswith("75.00 ± 35.36 [") for cell in grid.rows[3][4:6])
    assert grid.rows[0][4:6] == ["–", "–"]


def test_csv_has_every_reading_and_its_mark(tmp_path: Path) -> None:
    table = make_table(DEFINITION, [write_run(tmp_path / "a", [HALF])])
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    marks = {row["epoch_selection"]: row["selected_on_test"] for row in rows if row["row"] == "4"}
    assert marks == {"best_epoch": "True", "best_common_epoch": "True", "last_epoch": "False"}
    assert {row["accuracy"] for row in rows if row["row"] == "4"} == {"0.5"}
    assert len([row for row in rows if row["row"] == "1"]) == 1


def test_markdown_tells_the_rule_the_verdicts_and_the_commands(tmp_path: Path) -> None:
    page = to_markdown(make_table(DEFINITION, [write_run(tmp_path / "a", [HALF, RIGHT])]))
    assert "| 4 | MTCNN + Inception Resnet v1 (fine-tuned) | none | 51.30 | 75.00 ± 35.36 [" in page
    assert page.count("†") == 3
    assert page.count("test images") == 1  # in the rule
    assert re.search(r"- Row 4, paper: (above|reproduced): 75\.00, 95% interval", page)
    assert "$ ferkit run sfew_inception\n" in page
    assert "Optimistic: the epoch was chosen" in page


def test_an_old_run_says_how_to_bring_it_up_to_date(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a b", [HALF])
    summary = json.loads((run / "summary.json").read_text())
    summary["paper"] = {"row": "A row", "accuracy": 51.3, "source": ""}
    (run / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(RunError, match=f"made by an older ferkit.*: ferkit report '{run}'"):
        make_table(DEFINITION, [run])


def test_shipped_rows_and_recipes_have_the_same_titles_and_numbers() -> None:
    rows = {row.row: row for row in read_definition("sfew").row}
    for name in shipped_recipes():
        paper = read_table(name).get("paper")
        if paper:
            assert paper["accuracy"] == rows[paper["row"]].accuracy, name
            assert name in rows[paper["row"]].recipes
    assert {name for row in rows.values() for name in row.recipes} <= shipped_recipes().keys()


def test_a_table_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"table 'sfwe': there is no such file.*sfew"):
        read_definition("sfwe")
    broken = tmp_path / "mine.toml"
    broken.write_text("title = 3")
    with pytest.raises(DataError, match=r"Cannot read .*mine\.toml as a table"):
        read_definition(str(broken))
    assert "sfew" in shipped_files("tables")


def test_runs_of_several_protocols_have_one_command_with_the_name_of_the_recipe(tmp_path: Path) -> None:
    grouped = {**PROTOCOL, "name": "grouped", "split": "sfew675_movie2"}
    shipped = resolved_shipped("sfew_inception_160")
    assert shipped is not None
    changed = tomli_w.dumps({**shipped, "protocol": {**shipped["protocol"], **grouped}})
    runs = [
        write_run(tmp_path / "paper", [HALF], name="sfew_inception_160"),
        write_run(tmp_path / "movie", [HALF], name="sfew_inception_160", recipe=changed, protocol=grouped),
    ]
    write_names(tmp_path, ["paper", "movie"])
    table = make_table(read_definition("sfew"), runs)
    commands = [one for one in to_markdown(table).splitlines() if one.startswith("$ ")]
    assert commands == ["$ ferkit run sfew_inception_160 --protocols paper,movie"]
    assert [line.label for line in table.lines if line.runs] == ["recipe sfew_inception_160"]
