"""A short form of every script, so that none rots. No time is judged."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from ferkit.bench.record import Record, read_record

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"
TINY = ["--set", 'plugins=["tests.plugins_for_tests.tiny_plugin"]', "--set", 'model.backbone={name="tiny"}']
TINY += ["--set", 'model.head={name="mute"}', "--image-size", "32", "--batch-size", "2"]
WHOLE = '{name="whole_image"}'
DETECT = ["--stages", "detect", "--detector", WHOLE, "--batch-size", "1", "--resolution", "48"]
OF_NO_SCRIPT = {"peer_worker", "scale_cluster", "scale_model", "script", "timed_epochs", "worker"}
WITHOUT_RECORD = {"backbone_sizes", "jobs", "predict_memory", "prior", "roofline", "scale", "serve"}
FEW = ["--repeats", "1"]
PAGES = [*FOLDER.glob("*.md"), *FOLDER.parent.glob("plugins/*/README.md")]
COMMANDS = sorted(
    found
    for page in PAGES
    for found in set(re.findall(r"^\$.* python -m benchmarks\.(\w+) ?(.*)$", page.read_text("utf-8"), re.M))
)


@pytest.fixture(autouse=True)
def small_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferkit.bench.peak.SIDES", {"cpu": (64,)})


def run(name: str, tmp_path: Path, arguments: list[str]) -> Record:
    script = importlib.import_module(f"benchmarks.{name}")
    script.main([*arguments, "--out", str(tmp_path / "new.json")])
    return read_record(tmp_path / "new.json")


@pytest.mark.parametrize(
    ("arguments", "cases"),
    [
        (
            [*TINY, "--precision", "float32,bfloat16"],
            [{"stage": "backbone", "batch": 2, "precision": each} for each in ("float32", "bfloat16")],
        ),
        (
            [*DETECT, "--detector", "mtcnn"],
            [{"stage": "detect", "batch": 1, "detector": each} for each in (WHOLE, "mtcnn")],
        ),
        (
            [*TINY, "--stages", "augment,training_step"],
            [{"stage": each, "batch": 2} for each in ("augment", "training_step")],
        ),
    ],
)
def test_all_variants_are_measured(
    arguments: list[str], cases: list[dict[str, object]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = run("variants", tmp_path, [*arguments, *FEW])
    assert record.missing == []
    assert [one.case for one in record.measurements if one.case["stage"] != "matmul"] == cases
    assert {len(one.seconds) for one in record.measurements} == {1}
    assert record.title == "benchmarks/variants.py quickstart"
    assert f"written: {tmp_path}/new.json" in capsys.readouterr().out.replace("\n", "")
    if "augment,training_step" in arguments:
        assert list(record.facts) == ["share_waiting, batch 2"]
        assert 0 < record.facts["share_waiting, batch 2"] < 1


def test_every_script_is_in_a_test_and_has_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    for name in sorted({path.stem for path in FOLDER.glob("*.py")} - OF_NO_SCRIPT):
        assert re.search(rf'run\("{name}"|benchmarks\.{name}\b', tests)
        with pytest.raises(SystemExit) as caught:
            importlib.import_module(f"benchmarks.{name}").main(["--help"])
        assert caught.value.code == 0
        told = capsys.readouterr().out
        assert f"python -m benchmarks.{name}" in told
        assert ("--compare OLD.json" in told) == (name not in WITHOUT_RECORD)


def test_the_efficiency_of_jobs_is_the_gain_for_each_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.jobs.measure", lambda _, words: 6.0 if "--jobs" in words else 9.0)
    importlib.import_module("benchmarks.jobs").main(["--set", "fit.epochs=1"])
    assert "efficiency 75%" in capsys.readouterr().out


def test_the_load_test_counts_each_request(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    few = ["--requests", "2", "--clients", "2", "--turns", "1", "--width", "96"]
    importlib.import_module("benchmarks.serve").main(few)
    assert "turn 1" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "arguments"), COMMANDS)
def test_every_command_of_a_page_has_the_scripts_options(
    name: str, arguments: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = argparse.ArgumentParser.parse_args

    def parse_and_stop(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
        parse(parser, arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
    with pytest.raises(KeyboardInterrupt):
        importlib.import_module(f"benchmarks.{name}").main(shlex.split(arguments, comments=True))


def test_an_older_record_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("variants", tmp_path, [*DETECT, *FEW])
    (tmp_path / "new.json").rename(tmp_path / "old.json")
    run("variants", tmp_path, [*DETECT, *FEW, "--compare", str(tmp_path / "old.json")])
    assert "times as fast" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("papers_way", ["--repeats", "0"]),
        ("epoch_overhead", ["quickstart", "--epochs", "0"]),
        ("detection_peer", ["--limit", "0"]),
    ],
)
def test_nothing_can_be_measured_no_times(
    name: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        importlib.import_module(f"benchmarks.{name}").main(arguments)
    assert "expected a whole number from 1, got '0'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("precision", "problem"),
    [(",", "--precision: expected at least one item"), ("tf32", "a CPU has no tf32")],
)
def test_a_script_ends_with_the_message_of_an_error(tmp_path: Path, precision: str, problem: str) -> None:
    with pytest.raises(SystemExit, match=problem):
        run("variants", tmp_path, ["--precision", precision, "--device", "cpu"])


def test_epochs_of_both_loops_take_turns(tmp_path: Path) -> None:
    arguments = ["quickstart", "--epochs", "1", "--image-size", "32", "--faces", "42"]
    record = run("epoch_overhead", tmp_path, arguments)
    assert [one.case for one in record.measurements] == [
        {"stage": "epoch", "loop": "ferkit"},
        {"stage": "epoch", "loop": "plain"},
    ]
    ferkit, plain = (one.median for one in record.measurements)
    assert record.facts["ratio"] == pytest.approx(ferkit / plain, abs=1e-4)
    assert 0 < record.facts["waiting"] < 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torchvision")
def test_decoders_take_turns_and_their_pixels_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.decoding.LARGE", (96, 64))
    (tmp_path / "images").mkdir()
    Image.fromarray(astronaut()[:64, :48]).save(tmp_path / "images" / "one.png")
    record = run("decoding", tmp_path, ["--images", str(tmp_path / "images")])
    decoders = {one.case["decoder"] for one in record.measurements}
    assert {"Pillow", "ferkit", "OpenCV", "torchvision"} <= decoders
    assert record.facts["PNG, own size: ferkit"]["largest difference"] == 0
    assert record.facts["JPEG, own size: ferkit"]["largest difference"] <= 1


PAPERS_WAY = ["sfew_multiscale", "--drawn", "14", "--set", "model.image_size=75", "--set", "fit.batch_size=7"]
PAPERS_WAY += ["--set", 'model.backbone.weights="none"']


def test_the_papers_way_and_ferkits_take_turns(tmp_path: Path) -> None:
    record = run("papers_way", tmp_path, [*PAPERS_WAY, *FEW])
    ferkit, paper = record.measurements
    assert [len(one.seconds) for one in (ferkit, paper)] == [1, 1]
    assert record.facts["times as fast"] == pytest.approx(paper.median / ferkit.median, abs=0.01)
    waited = record.facts["paper, until images were there"].partition(" s of ")
    assert 0 < float(waited[0]) < float(waited[2])


def test_the_memory_of_either_way_is_that_of_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peaks = {"ferkit": 200_000_000, "paper": 500_000_000}
    monkeypatch.setattr("benchmarks.papers_way.peak_in_process", lambda _, way: peaks[way])
    facts = run("papers_way", tmp_path, [*PAPERS_WAY, "--memory"]).facts
    assert facts == {"ferkit, MB at most": 200, "paper, MB at most": 500, "ratio": 2.5}


def test_a_process_tells_its_peak(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("benchmarks.papers_way").main([*PAPERS_WAY, "--only", "ferkit"])
    assert int(capsys.readouterr().out) > 0


def test_backbones_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("benchmarks.backbone_sizes").main(["--image-size", "64", "resnet10t"])
    assert "| `resnet10t." in capsys.readouterr().out


def test_the_memory_of_predicting_is_that_of_processes_of_their_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = importlib.import_module("benchmarks.predict_memory")
    peaks = iter([400_000_000, 420_000_000, 500_000_000, 500_000_000])
    measured = []

    def measure(given: Path, *_: Path) -> int:
        measured.append(given.name)
        return next(peaks)

    monkeypatch.setattr(script, "measure_peak", measure)
    script.main(["--few", "2", "--many", "4", "--detector", "whole_image"])
    told = capsys.readouterr().out.splitlines()
    assert told[2:] == ["| images | 400 | 420 | 1.050 |", "| frames | 500 | 500 | 1.000 |"]
    assert measured == ["images2", "images4", "frames2.avi", "frames4.avi"]


def test_a_process_that_predicts_tells_its_peak(tmp_path: Path) -> None:
    script = importlib.import_module("benchmarks.predict_memory")
    script.write_model(tmp_path / "model.safetensors", "whole_image")
    images = script.write_images(tmp_path / "images", 3)
    peak = script.measure_peak(images, tmp_path / "model.safetensors", tmp_path / "out.csv")
    assert peak > 50_000_000
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 4
    with pytest.raises(SystemExit, match="ended with 3"):
        script.measure_peak(tmp_path / "none", tmp_path / "model.safetensors", tmp_path / "out.csv")


PLUGIN = """
from ferkit.plugin import Component, hookimpl

class Constant:
    def __init__(self, labels): ...

@hookimpl
def ferkit_components():
    return [Component("estimator", "constant", "light_plugin:Constant", "Imports nothing heavy")]
"""
RECIPE = """
name = "light"
plugins = ["light_plugin"]
data = { name = "synthetic" }
detector = { name = "whole_image" }
estimator = { name = "constant" }
"""


def test_commands_are_started_and_a_first_check_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "light_plugin.py").write_text(PLUGIN)
    (tmp_path / "light.toml").write_text(RECIPE)
    Image.new("RGB", (64, 64)).save(tmp_path / "blank.png")
    monkeypatch.chdir(tmp_path)
    words = ["--recipe", "light.toml", "--first", "--plugins", "2", "--photo", "blank.png"]
    record = run("start", tmp_path, [*words, *FEW])
    assert record.missing == []
    commands = [one.case["command"] for one in record.measurements]
    first = "check, for the first time"
    assert commands == ["--help", "plugins", "check", "predict", first, "plugins, 2 more"]


def test_a_command_that_fails_is_not_measured(tmp_path: Path) -> None:
    record = run("start", tmp_path, ["--recipe", "no_such_recipe", *FEW])
    ((case, reason),) = record.missing
    assert case == {"command": "check"}
    assert "ended with 2" in reason


PEER = """
import json, sys
count = len(json.load(open(sys.argv[1])))
print(json.dumps({"ready": "peer 1.0"}), flush=True)
for _ in sys.stdin:
    print(json.dumps({"faces": count}), flush=True)
"""


def test_peers_take_turns_and_those_that_are_not_there_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers = importlib.import_module("benchmarks.peers")
    (tmp_path / "peer.py").write_text(PEER)
    listed = [
        peers.Peer("one", "faces", (sys.executable, str(tmp_path / "peer.py"))),
        peers.Peer("fer, Haar", "expressions", ("/nowhere/python",)),
    ]
    monkeypatch.setattr(peers, "peers", lambda environments: listed)
    record = run("peers", tmp_path, ["--environments", str(tmp_path), "--count", "3", *FEW])
    (measured,) = record.measurements
    assert (measured.case, measured.images) == ({"task": "faces", "tool": "one"}, 3)
    ((case, reason),) = record.missing
    assert case["tool"] == "fer, Haar"
    assert reason == "Cannot start /nowhere/python: No such file or directory. Install it: --install"
    assert record.facts == {"one": "3 faces; peer 1.0"}


def test_what_can_not_be_installed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peers = importlib.import_module("benchmarks.peers")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", str(tmp_path))
    failed = peers.install(tmp_path, lambda _: None)
    assert failed.keys() == {"fer", "face-api", "human"}
    assert "npm" in failed["face-api"]


@pytest.mark.parametrize(
    "tool", ["facenet-pytorch", "ferkit-1", "ferkit-16", "ferkit-expressions", "ferkit-mtcnn"]
)
def test_a_worker_counts_the_faces_of_all_images(tool: str, tmp_path: Path) -> None:
    peers, worker = (importlib.import_module(f"benchmarks.{name}") for name in ("peers", "peer_worker"))
    images = [np.full((64, 80, 3), level, np.uint8) for level in (0, 200)]
    listing = peers.write_images(images, tmp_path)
    read = worker.read_images(listing)
    assert all(np.array_equal(one, other) for one, other in zip(images, read, strict=True))
    assert json.loads(listing.read_text())[0] == {"file": "0.rgb", "height": 64, "width": 80}
    _, make = worker.TOOLS[tool]
    assert make(read)() == 0
