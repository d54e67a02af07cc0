"""`ferkit data`, and runs on what it lists, as they are typed."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ferkit.cli import main
from tests.cli.test_run import ROOT

pytestmark = pytest.mark.slow

RECIPE = """
name = "drawn"
plugins = ["tests.plugins_for_tests.tiny_plugin", "ferkit_datasets"]
detector = { name = "whole_image" }
data = { %s }

[model]
image_size = 24
backbone = { name = "tiny" }
head = { name = "linear" }

[fit]
epochs = 2
batch_size = 4
device = "cpu"
precision = "float32"

"""
Typed = Callable[..., tuple[int, str, str]]
HOLDOUT = '[protocol]\nname = "holdout"\nrepeats = 1\n'


def draw(root: Path, *folders: str, count: int = 4) -> Path:
    """Noise, no picture like another, brighter in the last folder of a name that begins with h."""
    for number, folder in enumerate(folders):
        (root / folder).mkdir(parents=True)
        level = 120 if Path(folder).name.startswith("h") else 0
        generator = np.random.default_rng(number)
        for index in range(count):
            pixels = generator.integers(level, level + 120, (24, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / folder / f"{index}.png")
    return root


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return draw(tmp_path / "images", "happy", "sad", "neutral")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    """Run the command in this process; (exit status, what it printed, its errors)."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ferkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        written = capfd.readouterr()
        return int(caught.value.code or 0), written.out, written.err

    return run


def swap(one: Path, other: Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def test_a_folder_is_listed_on_the_screen(typed: Typed, images: Path) -> None:
    status, out, err = typed("data", "manifest", images)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (status, err) == (0, "")
    assert len(rows) == 12
    assert (rows[0]["path"], rows[0]["label"]) == ("happy/0.png", "happiness")
    assert len(rows[0]["sha256"]) == 64


def test_the_same_images_are_verified_in_another_place(typed: Typed, images: Path, tmp_path: Path) -> None:
    file = tmp_path / "lists" / "mine.csv"
    assert typed("data", "manifest", images, "--out", file)[:2] == (0, f"{file}: 12 images\n")
    moved = images.rename(tmp_path / "elsewhere")
    assert typed("data", "verify", moved, file) == (0, f"{moved}: the same 12 images as in {file}\n", "")


def test_every_difference_is_named_and_the_exit_status_is_3(
    typed: Typed, images: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mine.csv"
    typed("data", "manifest", images, "--out", file)
    (images / "happy" / "0.png").unlink()
    (images / "happy" / "1.png").rename(images / "happy" / "new.png")
    shutil.copy(images / "sad" / "0.png", images / "sad" / "copy.png")
    with (images / "sad" / "1.png").open("ab") as image:
        image.write(b" ")
    (images / "sad" / "2.png").rename(images / "neutral" / "moved.png")
    status, out, err = typed("data", "verify", images, file)
    assert (status, err) == (3, "")
    assert out.splitlines()[:-1] == [
        "missing: happy/0.png",
        "extra: sad/copy.png",
        "changed: sad/1.png",
        "relabelled: neutral/moved.png (listed as sadness, here neutral)",
        "renamed: happy/new.png (listed as happy/1.png)",
        "renamed: neutral/moved.png (listed as sad/2.png)",
    ]
    assert out.splitlines()[-1].startswith(f"{images}: not the images of {file}: 1 missing")


def test_a_map_with_two_labels_exchanged_is_caught(typed: Typed, images: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    typed("data", "manifest", images, "--out", file)
    labels = 'data.label_map={happy="sadness", sad="happiness", neutral="neutral"}'
    status, out, _ = typed("data", "verify", images, file, "--set", labels)
    assert status == 3
    assert out.count("relabelled: ") == len(out.splitlines()) - 1 == 8
    assert "relabelled: happy/0.png (listed as happiness, here sadness)\n" in out


def test_names_that_are_no_utf8_are_written_read_and_told(typed: Typed, images: Path, tmp_path: Path) -> None:
    odd = images / "sad" / os.fsdecode(b"caf\xe9.png")
    (images / "sad" / "0.png").rename(odd)
    file = tmp_path / "mine.csv"
    typed("data", "manifest", images, "--out", file)
    assert b"sad/caf\xe9.png,sadness" in file.read_bytes()
    assert typed("data", "verify", images, file)[0] == 0
    odd.unlink()
    status, out, _ = typed("data", "verify", images, file)
    assert (status, out.splitlines()[0]) == (3, r"missing: sad/caf\xe9.png")


def test_errors_have_a_status_of_their_own(typed: Typed, images: Path, tmp_path: Path) -> None:
    status, _, err = typed("data", "verify", images, "sfew657")
    assert (status, "Did you mean 'sfew675'?" in err) == (1, True)
    status, _, err = typed("data", "manifest", tmp_path / "none")
    assert (status, "is no recipe, no folder" in err) == (1, True)
    (tmp_path / "file").touch()
    status, _, err = typed("data", "manifest", images, "--out", tmp_path / "file" / "x.csv")
    assert (status, "Give another --out." in err, "--resume" in err) == (1, True, False)


def write_recipe(folder: Path, data: str, *more: str) -> Path:
    file = folder / "drawn.toml"
    file.write_text(RECIPE % data + "".join(more))
    return file


def summary_of(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return loaded


def test_a_run_on_exchanged_class_folders_stops_or_says_so(
    typed: Typed, images: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "mine.csv"
    typed("data", "manifest", images, "--out", manifest)
    swap(images / "happy", images / "sad")
    status, out, _ = typed("data", "verify", images, manifest)
    assert status == 3
    assert "relabelled: happy/0.png (listed as sadness, here happiness)\n" in out
    assert "relabelled: sad/3.png (listed as happiness, here sadness)\n" in out
    assert "neutral/" not in out
    data = f'name = "image_folder", root = "{images}"'
    recipe = write_recipe(
        tmp_path,
        data,
        f'[manifest]\nfile = "{manifest}"\ndiffers = "refuse"\n[protocol]\nname = "paper"\nrepeats = 1\n',
    )
    status, _, err = typed("run", recipe, "--out", tmp_path / "refused")
    assert status == 1
    assert "8 with another label (happy/0.png (listed as sadness, here happiness), " in err
    assert '--set manifest.differs="warn"' in err
    assert not (tmp_path / "refused" / "metrics.jsonl").exists()
    status, out, _ = typed("run", recipe, "--out", tmp_path / "warned", "--set", 'manifest.differs="warn"')
    summary = summary_of(tmp_path / "warned")
    (warning,) = [one for one in summary["warnings"] if one.startswith("Other data: ")]
    assert (status, f"note: {warning}" in out) == (0, True)
    difference = summary["data"]["manifest"]["difference"]
    assert warning == f"Other data: {difference}"
    assert "8 of another content" in difference


def test_a_run_on_the_manifests_images_has_no_difference(typed: Typed, images: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "mine.csv"
    typed("data", "manifest", images, "--out", manifest)
    recipe = write_recipe(
        tmp_path, f'name = "image_folder", root = "{images}"', f'[manifest]\nfile = "{manifest}"\n'
    )
    status, _, err = typed("run", recipe, "--out", tmp_path / "run", "--set", "protocol.repeats=1")
    assert (status, err) == (0, "")
    assert summary_of(tmp_path / "run")["data"]["manifest"] == {"file": str(manifest), "difference": None}


def check_holdout(folder: Path, test_images: set[str]) -> None:
    """The epoch was chosen on validation images; each test image was scored once."""
    summary = summary_of(folder)
    assert list(summary["scores"]) == ["chosen_epoch"]
    chosen = summary["scores"]["chosen_epoch"]
    assert chosen["selected_on_test"] is False
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["watched"] for row in rows] == ["validation"] * 2
    fold = folder / "folds" / "repeat0_fold0"
    assert sorted(file.name for file in fold.glob("predictions_*")) == [
        "predictions_test.csv",
        "predictions_validation.csv",
    ]
    with (fold / "predictions_test.csv").open(newline="") as file:
        scored = [str(Path(row["path"]).relative_to(folder.parent)) for row in csv.DictReader(file)]
    assert sorted(scored) == sorted(test_images)


PARTS = ("Train", "Val", "Test")


@pytest.fixture
def parted(tmp_path: Path) -> Path:
    return draw(tmp_path / "parted", *(f"{part}/{label}" for part in PARTS for label in ("happy", "sad")))


def test_a_data_sets_own_parts_are_run_from_folders(typed: Typed, parted: Path, tmp_path: Path) -> None:
    splits = 'splits = { train = "Train", validation = "Val", test = "Test" }'
    recipe = write_recipe(tmp_path, f'name = "image_folder", root = "{parted}", {splits}', HOLDOUT)
    status, _, err = typed("run", recipe, "--out", tmp_path / "run")
    assert (status, err) == (0, "")
    tested = {f"parted/Test/{label}/{number}.png" for label in ("happy", "sad") for number in range(4)}
    check_holdout(tmp_path / "run", tested)


def test_a_data_sets_own_parts_are_run_from_a_list(typed: Typed, parted: Path, tmp_path: Path) -> None:
    part_of = {"Train": "training", "Val": "test", "Test": "valid"}
    rows = [
        f"{path.relative_to(parted)},{path.parent.name},{part_of[path.parts[-3]]}"
        for path in sorted(parted.rglob("*.png"))
    ]
    (tmp_path / "list.csv").write_text("\n".join(["path,label,split", *rows]))
    data = f'name = "manifest", file = "{tmp_path / "list.csv"}", root = "{parted}"'
    recipe = write_recipe(tmp_path, data, HOLDOUT)
    status, _, err = typed("run", recipe, "--out", tmp_path / "run")
    assert (status, err) == (0, "")
    tested = {f"parted/Val/{label}/{number}.png" for label in ("happy", "sad") for number in range(4)}
    check_holdout(tmp_path / "run", tested)


def test_a_split_that_lists_a_group_twice_is_refused_by_check(
    typed: Typed, images: Path, tmp_path: Path
) -> None:
    split = tmp_path / "split.toml"
    split.write_text('by = "person"\nfolds = [["1", "2"], ["2", "3"]]\n')
    recipe = write_recipe(
        tmp_path,
        f'name = "image_folder", root = "{images}", group_pattern = "(?P<person>.)"',
        f'[protocol]\nname = "grouped"\nsplit = "{split}"\n',
    )
    status, _, err = typed("check", recipe)
    assert status == 2
    assert f"protocol.split: {split} lists person 2 more than once" in err
    split.write_text('by = "person"\nfolds = [["0", "1"], ["2", "3"]]\n')
    assert typed("check", recipe)[0] == 0
