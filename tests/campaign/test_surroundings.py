"""Full disks, folders that can't be written, clocks that jump, odd links and paths, shared caches."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from ferkit.predict import Predictor
from ferkit.testing import draw_face
from ferkit.testing.drawing import draw_folders
from tests.campaign.commands import Command, check_whole
from tests.campaign.conftest import Start
from tests.campaign.models import write_model
from tests.campaign.work import detect, draw_pictures, in_folder, jump_the_clock, limit_files, vanish
from tests.experiment.test_run import RECIPE
from tests.experiment.test_run import results as run_results

FULL = 60
SHARED = 20
JUMPS = 10
VANISHED = 40
LONGEST_NAME = 255


def run_words(folder: Path, images: Path, out: Path) -> list[str]:
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE.format(root=images))
    return ["run", str(recipe), "--out", str(out), "--quiet", "--set", "protocol.repeats=1"]


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, object]:
    """The results of an undisturbed run."""
    (tmp_path / "work").mkdir()
    words = run_words(tmp_path, tmp_path / "images", tmp_path / "whole")
    Command(words, tmp_path / "work", {"XDG_CACHE_HOME": str(tmp_path / "cache")}).finish()
    return run_results(tmp_path / "whole")


def end_with_a_message(command: Command) -> bool:
    """Run a command to its end. Return whether it succeeded; raises AssertionError for a traceback.

    A limit on files holds for the log too, so a limit of 0 bytes would hide every message.
    """
    process = command.start()
    process.join(120)
    assert not process.is_alive(), "it hangs"
    told = command.log.read_text(errors="replace")
    assert "Traceback" not in told, told[-3000:]
    assert "\x1b" not in told, repr(told)
    assert process.exitcode in (0, 1, 2, 3), f"{process.exitcode}: {told}"
    assert process.exitcode == 0 or told.strip()
    return process.exitcode == 0


@contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[None]:
    """A file system of that size."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts a file system")
def test_a_run_on_a_full_disk_resumes_with_more_room(
    start: Start, tmp_path: Path, whole: dict[str, object]
) -> None:
    campaign = start("runs on a full disk")
    failed = 0
    for number in campaign.scaled(FULL):
        kilobytes = campaign.random.choice((4, 8, 20, 50, 100, 150, 200, 300, 500))
        disk, folder = tmp_path / f"disk{number}", tmp_path / f"run{number}"
        (folder / "work").mkdir(parents=True)
        cache = disk / "cache" if campaign.random.random() < 0.5 else folder / "cache"
        variables = {"XDG_CACHE_HOME": str(cache), "MPLCONFIGDIR": str(folder / "matplotlib")}
        with campaign.trial(f"{kilobytes} kB, cache in {cache}"), small_disk(disk, kilobytes):
            words = run_words(folder, tmp_path / "images", disk / "run")
            if end_with_a_message(Command(words, folder / "work", variables)):
                assert run_results(disk / "run") == whole
                continue
            failed += 1
            check_whole(disk / "run")
            larger = ["mount", "-o", "remount,size=20m", str(disk)]
            subprocess.run(larger, check=True)
            more = ["--resume"] if (disk / "run" / "recipe.toml").exists() else []
            Command([*words, *more], folder / "work", variables).finish()
            assert run_results(disk / "run") == whole
    assert failed, "the disk was never full"
    campaign.check()


READERS = (
    ("report", "run"),
    ("report", "run", "--images"),
    ("export", "run", "--out", "model.safetensors", "--trust-plugins"),
    ("table", "run", "--out", "table.html"),
    ("run", "recipe.toml", "--out", "other"),
    ("run", "recipe.toml", "--out", "run", "--resume", "--set", "protocol.repeats=1"),
    ("predict", "images", "--model", "run", "--out", "rows.csv"),
    ("data", "manifest", "images", "--out", "images.csv"),
    ("finetune", "images", "--out", "tuned"),
    ("audit", "images", "--out", "audit"),
    ("plugins", "new", "mine"),
)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts a file system")
def test_commands_on_a_read_only_disk_end_with_a_message(start: Start, tmp_path: Path) -> None:
    campaign = start("read-only disks")
    disk = tmp_path / "disk"
    variables = {
        name: str(disk / "cache" / name) for name in ("XDG_CACHE_HOME", "TORCH_HOME", "MPLCONFIGDIR")
    }
    with small_disk(disk, 20_000):
        (tmp_path / "first").mkdir()
        words = run_words(disk, disk / "images", disk / "run")
        Command(words, tmp_path / "first", {"XDG_CACHE_HOME": str(tmp_path / "cache")}).finish()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for words in READERS:
            with campaign.trial(words):
                command = Command((in_folder, (disk, list(words))), tmp_path / "first", variables)
                end_with_a_message(command)
    campaign.check()


def test_files_that_may_not_grow(start: Start, tmp_path: Path, whole: dict[str, object]) -> None:
    campaign = start("runs with a limit on files")
    for number in campaign.scaled(FULL // 2):
        most = campaign.random.choice((1, 100, 1000, 5000, 20_000, 50_000, 100_000))
        folder = tmp_path / f"run{number}"
        (folder / "work").mkdir(parents=True)
        variables = {"XDG_CACHE_HOME": str(folder / "cache"), "MPLCONFIGDIR": str(folder / "matplotlib")}
        words = run_words(folder, tmp_path / "images", folder / "run")
        with campaign.trial(f"files of {most} bytes"):
            if end_with_a_message(Command((limit_files, (most, words)), folder / "work", variables)):
                assert run_results(folder / "run") == whole
                continue
            check_whole(folder / "run")
            more = ["--resume"] if (folder / "run" / "recipe.toml").exists() else []
            Command([*words, *more], folder / "work", variables).finish()
            assert run_results(folder / "run") == whole
    campaign.check()


def test_a_clock_that_jumps_changes_no_result(start: Start, tmp_path: Path, whole: dict[str, object]) -> None:
    campaign = start("jumps of the clock")
    for number in campaign.scaled(JUMPS):
        folder = tmp_path / f"run{number}"
        (folder / "work").mkdir(parents=True)
        words = run_words(folder, tmp_path / "images", folder / "run")
        call = (jump_the_clock, (campaign.random.randrange(1 << 30), words))
        with campaign.trial(call[1]):
            Command(call, folder / "work", {"XDG_CACHE_HOME": str(folder / "cache")}).finish()
            assert run_results(folder / "run") == whole
    campaign.check()


def test_two_processes_share_a_cache(start: Start, tmp_path: Path) -> None:
    campaign = start("shared caches")
    images = draw_pictures(tmp_path / "pictures", 40)
    (tmp_path / "alone").mkdir()
    alone = tmp_path / "alone" / "boxes.json"
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    Command((detect, (images, alone)), tmp_path / "alone", cache).finish()
    for number in campaign.scaled(SHARED):
        folder = tmp_path / str(number)
        commands = []
        for one in "ab":
            (folder / one).mkdir(parents=True)
            call = (detect, (images, folder / one / "boxes.json"))
            commands.append(Command(call, folder / one, {"XDG_CACHE_HOME": str(folder / "cache")}))
        with campaign.trial(number):
            processes = [one.start() for one in commands]
            for process, command in zip(processes, commands, strict=True):
                process.join(120)
                assert process.exitcode == 0, command.log.read_text()
                assert (command.folder / "boxes.json").read_bytes() == alone.read_bytes()
            check_whole(folder)
            assert not list(folder.rglob("*.part*"))
    campaign.check()


def odd_places(folder: Path) -> dict[str, Path]:
    """Folders with links, loops, long paths and names that no terminal shows."""
    plain = draw_folders(folder / "plain", ("happy",), 2)
    (plain / "happy" / "loop").symlink_to(plain)
    (plain / "self").symlink_to(plain / "self")
    (plain / "nothing.png").symlink_to(folder / "nothing")
    os.link(plain / "happy" / "happy_0.png", plain / "hard.png")
    image = Image.fromarray(draw_face("happy", 0, 32))
    long = folder / "long"
    long.mkdir()
    place = os.open(long, os.O_RDONLY)
    for _ in range(25):  # beyond the 4096 characters of a path
        os.mkdir("d" * LONGEST_NAME, dir_fd=place)
        deeper = os.open("d" * LONGEST_NAME, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = deeper
    os.close(os.open("x.png", os.O_CREAT, dir_fd=place))
    os.close(place)
    names = folder / "names"
    names.mkdir()
    for name in (
        b"caf\xe9.png",
        b"new\nline.png",
        b"-o.png",
        b"esc\x1b[2J.png",
        b"x" * 251 + b".png",
        b" .png",
    ):
        image.save(os.path.join(names, os.fsdecode(name)))
    (names / "pipe.png").unlink(missing_ok=True)
    os.mkfifo(names / "pipe.png")
    (names / "folder.png").mkdir()
    return {"links": plain, "long": long, "names": names}


def test_odd_links_and_paths_are_answered(start: Start, tmp_path: Path) -> None:
    campaign = start("odd places")
    predictor = Predictor(write_model(tmp_path / "model.safetensors"), device="cpu")
    for name, place in odd_places(tmp_path / "places").items():
        with campaign.trial(name):
            found = list(predictor.stream(place))
            assert found
        (tmp_path / name).mkdir()
        words = ["predict", str(place), "--model", str(tmp_path / "model.safetensors")]
        for more in (["--out", f"{name}.csv"], ["--out", "drawn"]):
            with campaign.trial(f"{name} {more}"):
                end_with_a_message(Command([*words, *more], tmp_path / name))
        with campaign.trial(f"audit {name}"):
            end_with_a_message(Command(["audit", str(place)], tmp_path / name))
    campaign.check()


def test_a_file_that_vanishes_is_an_input_error(start: Start, tmp_path: Path) -> None:
    campaign = start("files that vanish")
    predictor = Predictor(write_model(tmp_path / "model.safetensors"), device="cpu")
    for number in campaign.scaled(VANISHED):
        folder = draw_folders(tmp_path / str(number), ("happy",), 60)
        files = sorted(path for path in folder.rglob("*.png"))
        gone = campaign.random.sample(files, 30)
        with campaign.trial(f"{number}: {gone}"):
            answered = []
            for one in predictor.stream(folder):
                answered.append(one.frame.file if hasattr(one, "frame") else one.file)
                vanish(gone, campaign.random)
            assert sorted(answered) == [str(path) for path in files]
        shutil.rmtree(folder)
    campaign.check()
