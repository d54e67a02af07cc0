"""A table of any runs: a row per resolved recipe, named by its differences from the others."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from ferkit.recipe.overrides import put
from ferkit.report.table.columns import make_grid
from ferkit.report.table.definition import Definition, Row
from ferkit.report.table.differences import command, resolved_shipped
from ferkit.report.table.entries import Table, make_table
from ferkit.report.table.notes import notes
from tests.run_folders import PROTOCOL, Guesses, write_run

HALF = [(0.1, 0.9, 0.8, 0.4), (0.8, 0.9)]
GOOD = [(0.1, 0.9, 0.2, 0.4), (0.2, 0.9)]
BASE: dict[str, Any] = {
    "name": "mine",
    "data": {"name": "image_folder", "root": "faces"},
    "detector": {"name": "whole_image"},
    "model": {
        "image_size": 64,
        "backbone": {"name": "timm", "model": "resnet10t", "pretrained": False},
        "head": {"name": "linear"},
    },
    "loss": {"name": "cross_entropy"},
    "augment": [{"name": "HorizontalFlip", "p": 0.5}],
    "fit": {"epochs": 3},
    "protocol": {"name": "nested"},
}
GRID = {"fit.optimizer.lr": [1e-4, 1e-3]}
CHANGES: list[tuple[str, Any]] = [
    ("fit.epochs", 4),
    ("fit.batch_size", 32),
    ("fit.optimizer.lr", 1e-3),
    ("fit.optimizer.weight_decay", 1e-2),
    ("fit.schedule", {"name": "step", "every": 5}),
    ("fit.schedule", {"name": "step", "every": 6}),
    ("model.image_size", 96),
    ("model.backbone.pretrained", True),
    ("model.backbone.model", "resnet18"),
    ("model.head", {"name": "attention"}),
    ("model.output", {"name": "output_mixup", "initial": 0.2}),
    ("loss", {"name": "focal"}),
    ("loss", {"name": "focal", "gamma": 3.0}),
    ("augment", []),
    ("augment", [{"name": "HorizontalFlip", "p": 0.5}, {"name": "Rotate", "limit": 10}]),
    ("faces.margin", 0.2),
    ("data.per_class", 8),
    ("grid", GRID),
    ("grid", {"fit.optimizer.lr": [1e-4, 2e-3]}),
    ("estimator", {"name": "svm"}),
    ("estimator", {"name": "svm", "c": 2.0}),
    ("detector", {"name": "mtcnn", "factor": 0.7}),
]


def write(folder: Path, *changes: tuple[str, Any], guesses: Guesses = HALF, **facts: Any) -> Path:
    """A run of BASE with other values, of one repeat."""
    table = copy.deepcopy(BASE)
    for key, value in changes:
        put(table, key, value)
    return write_run(folder, [guesses], name=table["name"], paper=None, recipe=tomli_w.dumps(table), **facts)


def labels(*runs: Path) -> list[str | None]:
    return [line.label for line in make_table(None, runs).lines]


def mine(runs: list[Path], *recipes: str) -> Table:
    """A table of one own row."""
    row = Row(place=1, row="Mine", accuracy=50.0, recipes=list(recipes))
    return make_table(Definition(name="t", title="t", source="s", row=[row]), runs)


def all_runs(folder: Path) -> list[Path]:
    changes = [(), *(((key, value),) for key, value in CHANGES)]
    return [write(folder / f"run{number}", *one) for number, one in enumerate(changes)]


@pytest.mark.parametrize("is_paper", [False, True])
def test_recipes_that_differ_in_one_key_each_have_a_row_each(tmp_path: Path, is_paper: bool) -> None:
    runs = all_runs(tmp_path)
    assert len(runs) > 20
    table = mine(runs, "mine") if is_paper else make_table(None, runs)
    assert len(table.lines) == len({line.label for line in table.lines}) == len(runs)
    assert sorted(run.path for run in table.runs) == sorted(runs)
    assert table.left_out == []


def test_a_row_is_named_by_what_few_rows_have(tmp_path: Path) -> None:
    table = make_table(None, all_runs(tmp_path))
    found = [line.label for line in table.lines]
    assert found[:4] == [
        "common settings",
        "fit.epochs = 4",
        "fit.batch_size = 32",
        "fit.optimizer.lr = 0.001",
    ]
    assert "backbone.model = resnet18" not in found
    assert "model = resnet18" in found
    assert "augment = HorizontalFlip (p = 0.5) + Rotate (limit = 10)" in found
    assert "fit.optimizer.lr = searched, 0.0001 or 0.002" in found
    assert {"loss = focal", "loss = focal (gamma = 3.0)"} <= set(found)
    assert "augment = none" in found
    assert "fit.epochs = 3" in table.common
    assert "not set" not in table.common
    assert max(len(one or "") for one in found) < 60


def test_two_runs_show_both_values(tmp_path: Path) -> None:
    focal = [("loss", {"name": "focal", "gamma": 3.0}), ("fit.epochs", 4)]
    assert labels(write(tmp_path / "a"), write(tmp_path / "b", *focal)) == [
        "loss = cross_entropy, fit.epochs = 3",
        "loss = focal (gamma = 3.0), fit.epochs = 4",
    ]


def test_an_estimator_and_a_network_differ_in_one_key(tmp_path: Path) -> None:
    svm = write(tmp_path / "b", ("estimator", {"name": "svm"}))
    assert labels(write(tmp_path / "a"), svm) == ["estimator = network", "estimator = svm"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        ("1", 1),
        ("not set", None),
        ({}, None),
        ([], None),
        ([1, 2], [2, 1]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}),
        ({"a": {"b": 1}}, {"a.b": 1}),
    ],
)
def test_values_that_look_alike_stay_apart(tmp_path: Path, one: Any, other: Any) -> None:
    """Two options of different types, or an empty one and none, with labels that differ."""
    runs = [
        write(tmp_path / name, *([] if value is None else [("loss.option", value)]))
        for name, value in (("a", one), ("b", other))
    ]
    found = labels(*runs)
    assert len(found) == len(set(found)) == 2
    own = [line.label for line in mine(runs, "mine").lines]
    assert len(own) == len(set(own)) == 2


def test_a_network_of_an_estimator_that_is_not_installed_is_compared(tmp_path: Path) -> None:
    own = [("plugins", ["not_installed"]), ("estimator", {"name": "theirs"})]
    runs = [write(tmp_path / "a", *own), write(tmp_path / "b", *own, ("fit.epochs", 4))]
    assert labels(*runs) == ["fit.epochs = 3", "fit.epochs = 4"]


def test_a_whole_float_is_the_integer(tmp_path: Path) -> None:
    runs = [write(tmp_path / name, ("loss.option", value)) for name, value in (("a", 2), ("b", 2.0))]
    assert len(labels(*runs)) == 1


def test_a_name_is_no_setting_and_has_its_column(tmp_path: Path) -> None:
    same = write(tmp_path / "a"), write(tmp_path / "b", ("name", "renamed"))
    assert labels(*same) == ["mine"]
    other = write(tmp_path / "c", ("name", "renamed"), ("fit.epochs", 4))
    grid = make_grid(make_table(None, [same[0], other]))
    assert grid.headings[:2] == ["run", "recipe"]
    assert [row[:2] for row in grid.rows] == [["fit.epochs = 3", "mine"], ["fit.epochs = 4", "renamed"]]


def test_repeats_share_a_row_and_protocols_are_columns(tmp_path: Path) -> None:
    grouped = {**PROTOCOL, "name": "grouped", "by": "movie", "split": None}
    runs = [
        write(tmp_path / "a"),
        write(tmp_path / "b", protocol={**PROTOCOL, "seed": 1}),
        write(tmp_path / "c", protocol=grouped, movies=2),
        write(tmp_path / "d", ("fit.device", "cpu"), ("fit.workers", 2)),
    ]
    table = make_table(None, [*runs, runs[0]])
    assert [line.label for line in table.lines] == ["mine"]
    assert table.protocols == ["paper", "grouped (movie)"]
    assert [words.split(":")[0] for words in table.left_out] == [str(runs[1]), str(runs[3])]


def test_protocols_of_the_same_short_name_stay_apart(tmp_path: Path) -> None:
    new = write(tmp_path / "b", protocol={**PROTOCOL, "new_folds": True})
    table = make_table(None, [write(tmp_path / "a"), new])
    assert table.protocols == ["paper", "paper (new_folds = true)"]
    assert table.left_out == []


def test_another_folder_of_images_is_a_difference_only_if_the_images_differ(tmp_path: Path) -> None:
    moved, other = (write(tmp_path / name, ("data.root", "elsewhere")) for name in ("b", "c"))
    first = write(tmp_path / "a")
    assert len(labels(first, moved)) == 1
    manifest = other / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("0-0", "another-hash"))
    assert labels(first, other) == ["data.root = faces", "data.root = elsewhere"]


def test_a_further_dataset_is_a_difference_only_if_its_images_differ(tmp_path: Path) -> None:
    def adapted(name: str, root: str) -> Path:
        source = {"name": "ferplus", "root": root, "join": f"{root}/list.csv"}
        run = write(tmp_path / name, ("estimator", {"name": "cycleat", "source": source}))
        shutil.copy(run / "manifest.csv", run / "manifest_source.csv")
        return run

    first, moved, other = adapted("a", "faces"), adapted("b", "elsewhere"), adapted("c", "others")
    assert len(labels(first, moved)) == 1
    manifest = other / "manifest_source.csv"
    manifest.write_text(manifest.read_text().replace("0-0", "another-hash"))
    assert [str(one).count("estimator.source.root") for one in labels(first, other)] == [1, 1]


def test_images_that_changed_in_place_have_a_row_named_by_the_run(tmp_path: Path) -> None:
    runs = [write(tmp_path / "a"), write(tmp_path / "b")]
    manifest = runs[1] / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("0-0", "another-hash"))
    assert labels(*runs) == [f"data.root = faces ({run})" for run in runs]


def test_a_demo_run_has_a_row_that_says_so(tmp_path: Path) -> None:
    table = make_table(None, [write(tmp_path / "a"), write(tmp_path / "b", demo=True)])
    assert [line.label for line in table.lines] == ["common settings", "demo = true"]


def test_variants_of_a_shipped_recipe_that_differ_in_data_or_plugins_do_not_collide(tmp_path: Path) -> None:
    shipped = resolved_shipped("sfew_inception")
    assert shipped
    changes = [("data.variant", "a"), ("data.variant", "b"), ("manifest.file", "c.csv")]
    runs = []
    for number, (key, value) in enumerate(changes):
        changed = copy.deepcopy(shipped)
        put(changed, key, value)
        runs.append(write_run(tmp_path / str(number), [HALF], recipe=tomli_w.dumps(changed)))
    table = mine(runs, "sfew_inception")
    assert len({line.label for line in table.lines}) == len(table.lines) == 3


def test_the_command_of_an_own_run_uses_its_recipe(tmp_path: Path) -> None:
    run = write(tmp_path / "a b")
    assert command(run, "mine") == f"ferkit run '{run / 'recipe.toml'}'"


SGD = {"name": "sgd", "lr": 0.05, "momentum": 0.9}


def test_components_that_differ_show_their_options(tmp_path: Path) -> None:
    cosine = {"name": "cosine", "warmup_epochs": 1}
    sgd = [("fit.optimizer", SGD), ("fit.schedule", cosine)]
    sam = {"name": "sam", "lr": 0.02, "rho": 0.05, "base": "sgd"}
    runs = [
        write(tmp_path / "a", *sgd),
        write(tmp_path / "b", *sgd, ("loss", {"name": "focal"})),
        write(tmp_path / "c", ("fit.optimizer", sam), ("fit.schedule", {"name": "constant"})),
    ]
    table = make_table(None, runs)
    optimizer = "fit.optimizer = sgd (momentum = 0.9)"
    assert optimizer in table.common
    assert "fit.schedule = cosine (warmup_epochs = 1)" in table.common
    assert not {"momentum", "lr"} & {part.split(" = ")[0].split(".")[-1] for part in table.common.split(", ")}
    found = labels(*runs)
    assert "fit.optimizer = sam (rho = 0.05, base = sgd)" in (found[2] or "")
    assert ["lr = 0.05" in (one or "") for one in found] == [True, True, False]


def test_an_option_of_one_component_is_no_common_setting(tmp_path: Path) -> None:
    runs = [write(tmp_path / str(number), ("fit.optimizer", SGD), ("loss.x", number)) for number in range(3)]
    runs.append(write(tmp_path / "d", ("fit.optimizer", SGD | {"momentum": 0.8})))
    runs.append(write(tmp_path / "e", ("fit.optimizer", {"name": "adamw", "lr": 0.05})))
    table = make_table(None, runs)
    assert "fit.optimizer.momentum" not in table.common
    assert "fit.optimizer = sgd (momentum = 0.8)" in (table.lines[3].label or "")


def test_a_searched_setting_shows_the_range_not_a_value(tmp_path: Path) -> None:
    space = {
        "fit.optimizer.lr": {"low": 1e-5, "high": 1e-2, "log": True},
        "loss.name": {"choices": ["focal", "cross_entropy"]},
        "model.head": {"choices": [{"name": "linear"}, {"name": "attention", "maps": 2}]},
    }
    search = write(tmp_path / "a", ("search", {"trials": 5, "space": space}))
    other = write(tmp_path / "b", ("fit.optimizer.lr", 0.02))
    found, plain = labels(search, other)
    assert "fit.optimizer.lr = searched, 1e-05 to 0.01" in (found or "")
    assert "loss = searched, focal or cross_entropy" in (found or "")
    assert "head = searched, linear or attention (maps = 2)" in (found or "")
    assert "search = tpe (trials = 5)" in (found or "")
    assert "search." not in f"{found} {plain}"
    assert "fit.optimizer.lr = 0.02" in (plain or "")


@pytest.mark.parametrize("change", [{"low": 0}, {"high": 4}, {"step": 2}])
def test_searches_of_different_ranges_have_a_row_each(tmp_path: Path, change: dict[str, int]) -> None:
    ranges = [{"low": 1, "high": 5}, {"low": 1, "high": 5} | change]
    runs = [
        write(tmp_path / str(number), ("search", {"space": {"fit.epochs": one}}))
        for number, one in enumerate(ranges)
    ]
    assert len(set(labels(*runs))) == 2


@pytest.mark.parametrize("repeats", [1, 2])
def test_the_note_explains_the_deviation_only_if_it_is_shown(tmp_path: Path, repeats: int) -> None:
    run = write_run(tmp_path / "a", [HALF] * repeats, name="mine", paper=None, recipe=tomli_w.dumps(BASE))
    table = make_table(None, [run])
    assert ("±" in " ".join(notes(table, make_grid(table)))) == (repeats > 1)
