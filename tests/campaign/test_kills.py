"""Commands killed at random moments: repeated, they give the results of undisturbed ones, bit for bit."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from ferkit.testing.drawing import draw_folders
from tests.campaign.commands import Command, kill_and_repeat
from tests.campaign.conftest import Start
from tests.campaign.runs import environment
from tests.campaign.work import detect, draw_pictures, fetch_weights, serve
from tests.experiment.finetune.test_plan import TINY
from tests.experiment.test_run import RECIPE
from tests.experiment.test_run import results as run_results

RUNS = 60
SHORT = 100
FINETUNES = 30
TIMES = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?|[\d.,]+ (s|min|seconds|minutes)\b")
"""Text that differs from one run to the next."""
SETTINGS = ("--detector", "whole_image", "--epochs", "2", *(word for one in TINY for word in ("--set", one)))
SMALL = ("--set", "model.image_size=24", "--set", "fit.device=cpu", "--set", "fit.precision=float32")


def write_recipe(folder: Path, images: Path) -> Path:
    file = folder.parent / "squares.toml"
    file.write_text(RECIPE.format(root=images))
    return file


def run_command(folder: Path, images: Path, *more: str) -> Command:
    file = write_recipe(folder, images)
    return Command(
        ["run", str(file), "--out", "run", "--quiet", "--set", "protocol.repeats=1", *more],
        folder,
        environment(folder),
    )


def same(command: Command) -> Sequence[Command]:
    return [command]


def all_results(folder: Path) -> dict[str, object]:
    """Return the results of a run, with its summary, without times."""
    summary = json.loads((folder / "run" / "summary.json").read_text())
    return {**run_results(folder / "run"), "summary": _timeless(summary)}


def _timeless(value: object) -> object:
    if isinstance(value, dict):
        return {key: _timeless(one) for key, one in value.items() if "seconds" not in key}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def files(folder: Path) -> dict[str, object]:
    """Name -> content of every file that stays, without times."""
    found = [path for path in folder.rglob("*") if path.is_file() and ".part" not in path.name]
    return {str(path.relative_to(folder)): _content(path) for path in found}


def _content(path: Path) -> object:
    if path.suffix == ".pt2":
        with zipfile.ZipFile(path) as archive:
            return {one.filename.partition("/")[2]: one.CRC for one in archive.infolist()}
    if path.suffix in (".html", ".md"):
        return TIMES.sub("", path.read_text().replace(str(path.parents[1]), ""))
    return path.read_bytes()


def test_a_killed_run_resumes_to_the_same_numbers(start: Start, tmp_path: Path) -> None:
    campaign = start("kills of run")

    def resume(command: Command) -> Sequence[Command]:
        has_begun = (command.folder / "run" / "recipe.toml").exists()
        more = ["--resume"] if has_begun else []
        return [Command([*command.call, *more], command.folder, command.environment)]

    images = tmp_path / "images"
    kill_and_repeat(
        campaign, RUNS, lambda folder: run_command(folder, images), resume, all_results, tmp_path, kills=3
    )
    campaign.check()


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """The folder of a finished run."""
    (tmp_path / "finished" / "work").mkdir(parents=True)
    command = run_command(tmp_path / "finished" / "work", tmp_path / "images")
    command.finish()
    return command.folder / "run"


@pytest.mark.parametrize(
    ("name", "words", "count"),
    [
        ("report", ("report", "run"), 40),
        ("report --images", ("report", "run", "--images"), 20),
        ("export to .safetensors", ("export", "run", "--out", "model.safetensors", "--trust-plugins"), SHORT),
        ("export to .pt2", ("export", "run", "--out", "model.pt2", "--trust-plugins"), 20),
        ("export to .onnx", ("export", "run", "--out", "model.onnx", "--trust-plugins"), 20),
        ("table", ("table", "run", "--out", "table.html"), SHORT),
    ],
)
def test_a_killed_command_leaves_no_half_file(
    start: Start, tmp_path: Path, finished: Path, name: str, words: Sequence[str], count: int
) -> None:
    campaign = start(f"kills of {name}")

    def prepare(folder: Path) -> Command:
        shutil.copytree(finished, folder / "run")
        return Command(words, folder, environment(folder))

    kill_and_repeat(campaign, count, prepare, same, files, tmp_path)
    campaign.check()


def test_a_killed_finetune_is_completed(start: Start, tmp_path: Path) -> None:
    campaign = start("kills of finetune")
    draw_folders(tmp_path / "faces", ("happy", "sad"), 5)

    def prepare(folder: Path) -> Command:
        (folder / "faces").symlink_to(tmp_path / "faces")
        words = ["finetune", "faces", *SETTINGS, *SMALL, "--out", "out"]
        return Command(words, folder, environment(folder))

    def complete(command: Command) -> Sequence[Command]:
        """As `ferkit finetune` says: run its recipe, then export the network."""
        out = command.folder / "out"
        if not (out / "recipe.toml").exists():
            shutil.rmtree(out, ignore_errors=True)
            return [command]
        has_begun = (out / "run" / "recipe.toml").exists()
        run = ["run", "out/recipe.toml", "--out", "out/run", "--quiet", *(["--resume"] if has_begun else [])]
        export = ["export", "out/run", "--out", "out/faces.safetensors", "--trust-plugins"]
        return [Command(words, command.folder, command.environment) for words in (run, export)]

    def results(folder: Path) -> dict[str, object]:
        model = (folder / "out" / "faces.safetensors").read_bytes()
        return {"model": model, **run_results(folder / "out" / "run")}

    kill_and_repeat(campaign, FINETUNES, prepare, complete, results, tmp_path)
    campaign.check()


def test_a_killed_detection_is_repeated_with_the_same_boxes(start: Start, tmp_path: Path) -> None:
    campaign = start("kills of detection")
    images = draw_pictures(tmp_path / "pictures", 120)

    def prepare(folder: Path) -> Command:
        cache = {"XDG_CACHE_HOME": str(folder / "cache")}
        return Command((detect, (images, folder / "boxes.json")), folder, cache)

    kill_and_repeat(campaign, SHORT, prepare, same, files, tmp_path, kills=3)
    campaign.check()


def test_a_killed_fetch_of_weights_is_repeated(start: Start, tmp_path: Path) -> None:
    campaign = start("kills of weights fetch")
    with serve() as address:

        def prepare(folder: Path) -> Command:
            names = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
            places = {"TORCH_HOME": str(folder), **dict.fromkeys(names, "")}
            return Command((fetch_weights, (address,)), folder, places)

        kill_and_repeat(campaign, SHORT, prepare, same, files, tmp_path, kills=2)
    campaign.check()
