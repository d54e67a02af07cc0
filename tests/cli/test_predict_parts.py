"""`ferkit predict` in parts: its options, and what it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from ferkit.testing.drawing import draw_face
from tests.cli.test_table import ferkit

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")


def test_without_ray_the_message_has_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert ferkit(monkeypatch, "predict", "a.png", "--on", "ray", "--out", "faces.parquet") == 1
    assert 'pip install "ferkit[ray]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("--jobs 2", "--out NAME.parquet"),
        ("--jobs 2 --out faces.csv", "--out NAME.parquet"),
        ("--jobs 2 --out a.parquet --out b.parquet", "--out NAME.parquet"),
        ("--jobs 2 --out a.parquet --summary s.html", "--summary"),
        ("--jobs 2 --out a.parquet --columns py-feat", "--columns"),
        ("--jobs 2 --out s3://bucket/a.parquet", "an address"),
        ("--jobs 0 --out a.parquet", "--jobs"),
        ("--gpus 1 --out a.parquet", "--on ray"),
        ("--on slurm --out a.parquet", "'slurm'"),
    ],
)
def test_options_that_do_not_fit_are_named(
    typed: str, named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ferkit(monkeypatch, "predict", "a.png", *typed.split()) == 2
    assert named in capsys.readouterr().err


@pytest.mark.subprocess
def test_two_processes_predict_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for number in range(3):
        Image.fromarray(draw_face("happiness", number)).save(tmp_path / f"{number}.png")
    typed = ("predict", "0.png", "*.png", "gone.png", "--detector", "whole_image", "--out", "faces.parquet")
    assert ferkit(monkeypatch, *typed, "--jobs", "2") == 3
    answer = capsys.readouterr().err
    assert "3 images: 3 faces\nwritten: faces.parquet\nwritten: faces.parquet/_failures.csv\n" in answer
    assert "gone.png: there is no such file" in answer
    assert parquet.read_table("faces.parquet")["file"].to_pylist() == ["0.png", "1.png", "2.png"]
    assert ferkit(monkeypatch, *typed, "--jobs", "1", "--quiet") == 3
    assert "images" not in capsys.readouterr().err
