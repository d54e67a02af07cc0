"""`ferkit evaluate` as it is typed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ferkit.cli import app
from ferkit.errors import FerkitError
from tests.cli.answer import Ferkit
from tests.predict.drawn import write_model, write_picture


@pytest.fixture
def typed(tmp_path: Path) -> list[str]:
    """The command for six images of spots, two for each person."""
    for label in ("happiness", "neutral"):
        for place, name in enumerate(("ann", "bob", "eve")):
            write_picture(tmp_path / "images" / label / f"{name}.png", (10 + 20 * place, 20))
    model = write_model(tmp_path / "model.safetensors")
    return ["evaluate", str(model), str(tmp_path / "images"), "--trust-plugins"]


def test_scores_are_printed_and_written(ferkit: Ferkit, typed: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    pattern = ["--set", r"data.group_pattern=(?P<person>[a-z]+)\."]
    answer = ferkit(*typed, *pattern, "--by", "person", "--out", str(out))
    assert answer.returncode == 0, answer.stderr
    table = json.loads((out / "evaluation.json").read_text())
    percent = f"{100 * table['scores']['accuracy']['value']:.1f}%"
    (line,) = [line for line in answer.stdout.splitlines() if line.startswith("accuracy")]
    assert line.split()[1] == percent
    assert [one["value"] for one in table["by"][0]["values"]] == ["ann", "bob", "eve"]
    assert {f"written: {out / name}" for name in ("predictions.csv", "evaluation.html")} <= set(
        answer.stdout.splitlines()
    )


def test_a_label_that_the_model_lacks_is_an_error_before_any_image_is_read(
    ferkit: Ferkit, typed: list[str], tmp_path: Path
) -> None:
    (tmp_path / "images" / "contempt").mkdir()
    (tmp_path / "images" / "contempt" / "broken.png").write_text("no image")
    answer = ferkit(*typed)
    assert answer.returncode == 1
    assert "contempt (1)" in answer.stderr
    assert "--rename contempt=" in answer.stderr
    answer = ferkit(*typed, "--rename", "contempt=")
    assert answer.returncode == 0, answer.stderr
    assert "contempt (1)" in answer.stdout


def test_a_model_with_an_unknown_module_is_not_loaded_without_trust(
    ferkit: Ferkit, typed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferkit.components.discovery.named_modules", [])
    answer = ferkit(*typed[:-1])
    assert answer.returncode == 1
    assert "--trust-plugins" in answer.stderr


def test_a_folder_with_other_files_is_refused_before_the_work(
    ferkit: Ferkit, typed: list[str], tmp_path: Path
) -> None:
    answer = ferkit(*typed, "--out", str(tmp_path))
    assert answer.returncode == 1
    assert "other files" in answer.stderr
    assert answer.stdout == ""


def test_choices_are_limited(ferkit: Ferkit, typed: list[str]) -> None:
    assert ferkit(*typed, "--no-face", "guess").returncode == 2
    assert ferkit(*typed, "--among", "neutral,joy").returncode == 1


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        (("--shift", "grey,dark"), ["dark", "grey"]),
        (("--shift", "dark", "--no-face", "skip"), ["dark"]),
    ],
)
def test_changed_images_are_scored(
    ferkit: Ferkit, typed: list[str], tmp_path: Path, given: tuple[str, ...], kinds: list[str]
) -> None:
    answer = ferkit(*typed, *given, "--out", str(tmp_path / "out"))
    assert answer.returncode == 0, answer.stderr
    table = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert [one["kind"] for one in table["shift"]] == kinds
    assert sum(line.startswith("dark ") for line in answer.stdout.splitlines()) == 2


@pytest.mark.parametrize("after", [(), ("--batch-size", "8"), ("-b", "8"), ("--",)])
def test_shift_without_a_value_is_every_kind(
    typed: list[str], after: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, object] = {}

    def keep(*names: object, **options: object) -> None:
        given.update(options)
        raise FerkitError("enough")

    monkeypatch.setattr(sys.modules["ferkit.cli.evaluate"], "_score", keep)
    with pytest.raises(FerkitError):
        app([*typed, "--shift", *after], standalone_mode=False)
    assert given["shift"] == "all"


def test_an_unknown_kind_of_change_is_an_error(ferkit: Ferkit, typed: list[str]) -> None:
    answer = ferkit(*typed, "--shift", "blur,nois")
    assert answer.returncode == 1
    assert "nois" in answer.stderr
    assert "'noise'" in answer.stderr
