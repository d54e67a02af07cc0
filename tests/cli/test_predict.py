"""`ferkit predict` as it is typed."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ferkit.cli import main
from tests.cli.answer import Ferkit
from tests.predict.drawn import PLUGIN, picture, write_model, write_picture, write_video

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def plugin_of_the_tests(no_modules_of_other_tests: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a recipe of the user had named it: models may import it."""
    monkeypatch.setattr("ferkit.components.discovery.named_modules", [PLUGIN])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_model(tmp_path_factory.mktemp("model") / "spots.safetensors", source="drawn"))


def test_a_image_is_answered_by_a_table(ferkit: Ferkit, model: str, tmp_path: Path) -> None:
    file = write_picture(tmp_path / "a.png", (5, 5))
    answer = ferkit("predict", str(file), "--model", model)
    assert answer.returncode == 0
    head, row = answer.stdout.splitlines()
    assert head.startswith("file ")
    assert row.startswith(str(file))
    assert answer.stderr == f"model: {model}: drawn\n1 image: 1 face\n"


def test_a_quiet_answer_is_the_table_and_what_was_not_done(
    ferkit: Ferkit, model: str, tmp_path: Path
) -> None:
    file = write_picture(tmp_path / "a.png", (5, 5))
    answer = ferkit("predict", str(file), "-q", "-m", model)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert len(answer.stdout.splitlines()) == 2
    answer = ferkit("predict", str(file), "none.png", "-q", "-m", model)
    assert answer.returncode == 3
    assert answer.stderr.startswith("failed: 1\n  none.png: ")


def test_all_that_can_be_done_is_and_the_status_tells_that_something_was_not(
    ferkit: Ferkit, model: str, tmp_path: Path
) -> None:
    given = tmp_path / "in"
    write_picture(given / "a b ü.png", (5, 5))
    write_video(given / "v.avi", [picture((5, 5))] * 3)
    (given / "broken.jpg").write_text("nothing")
    (given / "notes.txt").touch()
    out = [tmp_path / "out.csv", tmp_path / "out.jsonl", tmp_path / "annotated"]
    typed = [word for place in out for word in ("--out", str(place))]
    answer = ferkit("predict", str(given), str(tmp_path / "none.png"), "--model", model, *typed)
    assert answer.returncode == 3
    assert answer.stdout == ""
    assert "failed: 2" in answer.stderr
    assert f"  {tmp_path / 'none.png'}: there is no such file" in answer.stderr
    assert "1 file ignored" in answer.stderr
    rows = list(csv.DictReader(io.StringIO(out[0].read_text(encoding="utf-8"))))
    assert [row["file"] for row in rows] == [str(given / "a b ü.png")] + [str(given / "v.avi")] * 3
    assert len(out[1].read_text("utf-8").splitlines()) == 4
    assert sorted(path.name for path in out[2].iterdir()) == ["a b ü.png", "v.mp4"]


def test_a_video_is_summarised_and_its_rows_are_smoothed(ferkit: Ferkit, model: str, tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.avi", [picture((5 + n, 20)) for n in range(8)])
    page, table = tmp_path / "s.html", tmp_path / "s.csv"
    arguments = ["--smooth", "0.3", "--thumbnails", "--summary", str(page), "--summary", str(table)]
    answer = ferkit("predict", str(video), "-m", model, *arguments)
    assert (answer.returncode, answer.stdout) == (0, "")
    assert f"written: {table} and {tmp_path / 's.episodes.csv'}" in answer.stderr
    assert model in page.read_text()
    assert "data:image/jpeg" in page.read_text()
    (row,) = csv.DictReader(io.StringIO((tmp_path / "s.episodes.csv").read_text()))
    assert (row["track"], row["onset"], row["offset"]) == ("1", "0.0", "0.8")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--summary", "s.txt"], 1, "expected the suffix .json, .csv, .html"),
        (["--thumbnails"], 1, "Add --summary FILE.html"),
        (["--smooth", "11"], 2, "--smooth"),
        (["--summary", "none.avi/s.csv"], 1, "is a file"),
    ],
)
def test_a_wrong_option_of_videos_is_said_before_the_work(
    ferkit: Ferkit,
    model: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    status: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none.avi").touch()
    answer = ferkit("predict", "none.avi", "-m", model, *arguments)
    assert answer.returncode == status
    assert words in " ".join(answer.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["none.avi"]


def test_standard_input_may_be_a_list_and_what_is_printed_json(
    ferkit: Ferkit, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [str(write_picture(tmp_path / f"{name} ü.png", (5, 5))) for name in "ab"]
    given = io.TextIOWrapper(io.BytesIO("\n".join(files).encode()))
    monkeypatch.setattr(sys, "stdin", given)
    answer = ferkit("predict", "-", "--model", model, "--format", "jsonl")
    assert [json.loads(line)["file"] for line in answer.stdout.splitlines()] == files


def test_whoever_reads_only_the_beginning_ends_the_work_without_a_word_too_many(
    model: str, tmp_path: Path
) -> None:
    files = [str(write_picture(tmp_path / f"{number}.png", (5, 5))) for number in range(40)]
    command = [sys.executable, "-m", "ferkit", "predict", *files, "--model", model, "--batch-size", "1"]
    command.append("--trust-plugins")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read().decode()
        assert process.wait() in (0, 3)
    assert "Traceback" not in told
    assert "Exception" not in told


def test_a_camera_that_is_not_there_is_said_and_the_rest_is_done(
    ferkit: Ferkit, model: str, tmp_path: Path
) -> None:
    file = write_picture(tmp_path / "a.png", (5, 5))
    answer = ferkit("predict", "99", str(file), "--model", model)
    assert answer.returncode == 3
    assert "camera-99: cannot open the camera" in answer.stderr
    assert "1 image: 1 face" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["--model", "no_such_run"], "no_such_run: there is no such folder, file"),
        (["--model", "MODEL", "--out", "faces.xlsx"], "expected a table"),
        (["--model", "MODEL", "--detector", "mtcn"], "Did you mean 'mtcnn'"),
        (["--model", "MODEL", "--fold", "1"], "only a run's folder has folds"),
        (["--model", "MODEL", "--device", "tpu"], "expected auto, cpu, cuda or cuda:0"),
    ],
)
def test_what_can_not_be_begun_ends_with_1_and_leaves_nothing(
    ferkit: Ferkit, model: str, tmp_path: Path, typed: list[str], message: str
) -> None:
    file = write_picture(tmp_path / "in" / "a.png", (5, 5))
    out = tmp_path / "out" / "faces.csv"
    words = [model if word == "MODEL" else word for word in typed]
    answer = ferkit("predict", str(file), "--out", str(out), *words)
    assert answer.returncode == 1
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not list(out.parent.glob("*"))


def test_a_place_that_can_not_be_written_is_said_before_the_model_is_looked_for(
    ferkit: Ferkit, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    answer = ferkit("predict", "a.png", "--model", "no_such_run", "--out", str(tmp_path / "file" / "a.csv"))
    assert answer.returncode == 1
    assert "Cannot write --out" in answer.stderr
    assert "no_such_run" not in answer.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_no_name_is_too_strange_to_be_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    written = io.BytesIO()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(written, encoding=encoding, write_through=True))
    monkeypatch.setattr(sys, "argv", ["ferkit", "predict", str(tmp_path / "日本 😀.jpg")])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 3
    assert b".jpg: there is no such file" in written.getvalue()
