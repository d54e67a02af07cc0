"""`ferkit audit` as it is typed."""

from __future__ import annotations

import inspect
import json
import os
import sys
from pathlib import Path

import pytest

from ferkit.cli.audit import SERIOUS
from ferkit.cli.progress import watch_images
from tests.audit.drawn import draw, draw_clips, save
from tests.audit.labels.test_of_run import ESTIMATOR, train
from tests.cli.answer import Ferkit

pytestmark = pytest.mark.slow

PATTERN = r"(?P<clip>clip\d+)_"
RECIPE = """
name = "clips"
[data]
name = "image_folder"
root = "{root}"
group_pattern = '{pattern}'
[detector]
name = "whole_image"
[protocol]
name = "{protocol}"
"""


def typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[int, str, str]:
    """The same within this process: status, standard output, standard error."""
    from ferkit.cli import main

    monkeypatch.setattr(sys, "argv", ["ferkit", "audit", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    return (int(caught.value.code or 0), *capsys.readouterr())


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return draw_clips(tmp_path / "faces")


def write_recipe(images: Path, protocol: str) -> Path:
    file = images.parent / "clips.toml"
    file.write_text(RECIPE.format(root=images, pattern=PATTERN, protocol=protocol))
    return file


def test_a_split_that_leaks_makes_the_command_fail_and_one_that_does_not_lets_it_pass(
    ferkit: Ferkit,
    images: Path,
) -> None:
    leaking = ferkit("audit", write_recipe(images, "paper"))
    assert leaking.returncode == SERIOUS == 3
    assert "SERIOUS  groups:" in leaking.stdout
    assert "of the test images have an image of the same clip in training" in leaking.stdout
    assert leaking.stderr == ""
    honest = ferkit("audit", write_recipe(images, "grouped"))
    assert honest.returncode == 0, honest.stderr
    assert "No problems found." in honest.stdout
    assert "The recipe's split: 0.0%" in honest.stdout


def test_a_folder_is_judged_without_a_recipe(
    images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = ("--no-faces", "--seeds", "3", "--set", f"data.group_pattern={PATTERN}")
    status, out, _ = typed(monkeypatch, capsys, images, *overrides)
    assert status == 0
    assert "(3 seeds)" in out
    assert "The recipe's split" not in out
    assert "not detected: --no-faces was given" in out


def test_a_data_set_is_audited_by_its_name(
    images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = f"data.root={images}"
    status, out, _ = typed(monkeypatch, capsys, "image_folder", "--set", root, "--no-faces")
    assert status == 0
    assert out.startswith("image_folder: 24 images of image_folder")


def test_findings_fail_until_each_of_them_is_allowed(
    images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (images / "happy" / "clip0_9.png").write_text("no image")
    save(images / "happy" / "clip0_8.png", draw(100))  # clip1_0, which is sad
    command = (images, "--no-faces")
    status, out, _ = typed(monkeypatch, capsys, *command)
    assert status == 3
    assert "happy/clip0_9.png: it is not an image" in out
    assert "happy/clip0_8.png (happiness), sad/clip1_0.png (sadness)" in out
    allowed = ("--allow", "unreadable", "--allow", "conflicts")
    status, out, _ = typed(monkeypatch, capsys, *command, *allowed)
    assert status == 3
    assert "SERIOUS  duplicates:" in out
    status, out, _ = typed(monkeypatch, capsys, *command, *allowed, "--allow", "duplicates")
    assert status == 0
    assert "allowed  conflicts:" in out


def test_a_finding_of_an_unknown_name_is_refused_with_the_list(
    images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = typed(monkeypatch, capsys, images, "--allow", "everything")
    assert status == 2
    assert out == ""
    assert err.startswith(
        "Invalid value for --allow: Cannot allow 'everything': no such finding. There is: conflicts, "
    )


def test_thresholds_are_options(
    images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    worn = save(images / "happy" / "worn.jpg", draw(0), quality=5)
    command = (images, "--no-faces", "--hash-distance")
    _, found, _ = typed(monkeypatch, capsys, *command, "12")
    _, missed, _ = typed(monkeypatch, capsys, *command, "0")
    assert "1 near pair of 25 images (up to 12 of 64 bits differ)" in found
    assert "0 near pairs of 25 images (up to 0 of 64 bits differ)" in missed
    assert worn.exists()
    status, _, err = typed(monkeypatch, capsys, *command, "65")
    assert status == 2
    assert "--hash-distance" in err


def test_the_page_and_the_json_are_written_even_where_the_command_fails(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (images / "happy" / "clip0_9.png").write_text("no image")
    html, kept = tmp_path / "a.html", tmp_path / "a.json"
    status, out, _ = typed(monkeypatch, capsys, images, "--no-faces", "--out", html, "--out", kept)
    assert status == 3
    assert f"written: {html}" in out
    assert "clip0_9.png" in html.read_text()
    found = json.loads(kept.read_text())
    assert [(one["name"], one["is_allowed"]) for one in found["findings"]] == [("unreadable", False)]


def test_a_file_that_cannot_be_written_is_told_without_a_traceback(ferkit: Ferkit, images: Path) -> None:
    (images.parent / "file").touch()
    answer = ferkit("audit", images, "--no-faces", "--out", images.parent / "file" / "a.json")
    assert answer.returncode == 1
    assert answer.stderr.startswith("Cannot write --out ")
    assert "Traceback" not in answer.stderr


def test_a_images_name_that_is_no_utf8_is_told(ferkit: Ferkit, images: Path) -> None:
    path = images / "happy" / os.fsdecode(b"caf\xe9.png")
    try:
        path.write_text("no image")
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    page = images.parent / "a.html"
    answer = ferkit("audit", images, "--no-faces", "--out", page, "--out", images.parent / "a.json")
    assert answer.returncode == 3, answer.stderr
    assert "happy/caf\\udce9.png" in answer.stdout
    assert b"caf\xe9.png" in page.read_bytes()


def test_what_is_no_target_is_told_with_what_would_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = typed(monkeypatch, capsys, "nothing_of_that_name")
    assert status == 1
    assert "'nothing_of_that_name' is no recipe, no folder" in err


def test_the_help_tells_the_exit_statuses_and_the_findings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ferkit.audit.findings import NAMES

    monkeypatch.setenv("COLUMNS", "200")
    status, out, _ = typed(monkeypatch, capsys, "--help")
    assert status == 0
    assert "Exit status: 0 without serious findings" in out
    assert all(name in out for name in NAMES)


def test_the_defaults_that_the_help_tells_are_those_of_the_audit() -> None:
    from ferkit.audit.labels.output import LIMIT
    from ferkit.audit.leakage import SEEDS
    from ferkit.audit.near_duplicates import HASH_DISTANCE, SIMILARITY
    from ferkit.cli.audit import HashDistance, Similarity, audit

    (distance,), (similarity,) = HashDistance.__metadata__, Similarity.__metadata__
    assert f"[default: {HASH_DISTANCE}]" in distance.help
    assert f"[default: {SIMILARITY}]" in similarity.help
    defaults = inspect.signature(audit).parameters
    assert defaults["seeds"].default == SEEDS
    assert defaults["limit"].default == LIMIT


def test_progress_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with watch_images() as progress:
        progress("images", 1, 2)
        progress("images", 2, 2)
    assert capsys.readouterr() == ("", "")


def test_a_file_of_an_unknown_kind_is_refused_before_anything_is_read(
    images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = typed(monkeypatch, capsys, images, "--no-faces", "--out", images / "a.txt")
    assert status == 1
    assert "--out" in err
    assert ".html or .json" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Nothing to audit"),
        (("images", "--run", "run"), "TARGET"),
        (("--run", "run", "--seeds", "50"), "--seeds"),
        (("--run", "run", "--allow", "groups"), "--allow"),
        (("images", "--images"), "--images"),
        (("images", "--limit", "3"), "--limit"),
    ],
)
def test_options_of_the_other_audit_are_refused(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    status, _, error = typed(monkeypatch, capsys, *arguments)
    assert status == 2
    assert words in error


def test_doubtful_labels_of_a_run_are_listed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run = train(tmp_path, ESTIMATOR)  # always "bright"
    capsys.readouterr()
    files = [tmp_path / f"labels.{suffix}" for suffix in ("html", "csv", "json")]
    outputs = [part for file in files for part in ("--out", file)]
    status, out, _ = typed(monkeypatch, capsys, "--run", run, "--limit", "3", "--images", *outputs)
    assert status == 0
    assert "10 of 20 test images" in " ".join(out.split())
    assert max(len(line) for line in out.splitlines() if not line.startswith("written")) <= 80
    listed = [line.split() for line in out.splitlines() if line.startswith(("dark/", "bright/"))]
    assert [line[1:] for line in listed] == [["dark", "bright", "25.0%"]] * 3
    assert "and 7 more" in out
    assert files[0].read_text().count("<img") == 3
    assert len(files[1].read_text().splitlines()) == 11


def test_a_folder_without_a_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, error = typed(monkeypatch, capsys, "--run", tmp_path / "nothing")
    assert status == 1
    assert "no such folder" in error
