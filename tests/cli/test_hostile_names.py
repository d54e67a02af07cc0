"""Names from elsewhere that would control a terminal, a page or a spreadsheet."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from ferkit.cli.terminal import PrintableStream, printable_output
from ferkit.evaluation.run_files import read_images, read_predictions
from tests.cli.answer import Ferkit
from tests.predict.drawn import PLUGIN, write_model, write_picture

LABEL = "<img src=x onerror=alert(1)>\x1b]0;owned\x07|`"
HOSTILE = ("=1+1", LABEL, "neutral")


@pytest.fixture(autouse=True)
def plugin_of_the_tests(no_modules_of_other_tests: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferkit.components.discovery.named_modules", [PLUGIN])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "m.safetensors", labels=HOSTILE, source="\x1b[2Jgone")


def test_nothing_printed_controls_the_terminal(ferkit: Ferkit, model: Path, tmp_path: Path) -> None:
    image = write_picture(tmp_path / "a\x1b[31m.png", (5, 5))
    (tmp_path / "b\x1b[31m.png").write_text("no image")
    for command in (
        ["predict", str(image), str(tmp_path / "b\x1b[31m.png"), "--model", str(model)],
        ["export", str(model), "--out", str(tmp_path / "e\x1b.safetensors")],
        ["predict", str(image), "--model", str(tmp_path / "\x1bnone")],
        ["run", "\x1b[31m.toml"],
        ["run", "quickstart", "--set", "\x1b[31m=3"],
    ):
        answer = ferkit(*command)
        shown = answer.stdout + answer.stderr
        assert "\\x1b" in shown, command
        assert not set(shown) & {"\x1b", "\x07"}, command


def test_a_csv_of_predictions_holds_no_formula(ferkit: Ferkit, model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_picture(folder / "=1.png", (5, 5))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        answer = ferkit("predict", "=1.png", "--model", str(model), "--format", "csv")
        ferkit("predict", "=1.png", "--model", str(model), "--out", str(tmp_path / "out.csv"))
    for text in (answer.stdout, (tmp_path / "out.csv").read_text()):
        head, row = csv.reader(io.StringIO(text))
        assert row[0] == "'=1.png"
        assert row[head.index("label")] in ("'=1+1", LABEL, "neutral")
        assert float(row[head.index("p_neutral")]) <= 1


def test_data_in_a_pipe_keep_every_character_of_a_name(ferkit: Ferkit, model: Path, tmp_path: Path) -> None:
    image = write_picture(tmp_path / "a\x1b.png", (5, 5))
    answer = ferkit("predict", str(image), "--model", str(model), "--format", "csv")
    _, row = csv.reader(io.StringIO(answer.stdout))
    assert row[0] == str(image)


def test_a_card_has_no_markup_of_a_label_or_name(ferkit: Ferkit, model: Path, tmp_path: Path) -> None:
    assert ferkit("export", str(model), "--out", str(tmp_path / "<b>x`.safetensors")).returncode == 0
    card = (tmp_path / "<b>x`.safetensors.card.md").read_text()
    body = card.split("\n---\n", 1)[1].split("## Usage")[0]
    assert "<" not in body
    assert "&lt;img src=x onerror=alert(1)&gt;\\x1b]0;owned\\x07\\|&#96;" in body
    assert not set(card) & {"\x1b", "\x07"}


def test_tables_of_a_run_read_back_what_was_written(ferkit: Ferkit, tmp_path: Path) -> None:
    """Labels and files that a spreadsheet would compute."""
    import numpy as np

    from ferkit.experiment.run_dir import RunDir, predictions_table
    from ferkit.interfaces import Face, Sample

    labels = ["-1", "=a", "@b"]
    pixels = np.zeros((2, 2, 3), np.uint8)
    samples = [Sample(Path(f"={number}.png"), label, {"by": "=x"}) for number, label in enumerate(labels)]
    faces = [Face(sample, pixels, None, None, "ab") for sample in samples]
    with RunDir.create(tmp_path / "run", "") as run_dir:
        run_dir.write_manifest(faces, [(Sample(Path("+x.png"), "=a"), "=no image")])
        run_dir.write_manifest(faces, [(Sample(Path("+x.png"), "=a"), "=no image")])
    text = (tmp_path / "run" / "manifest.csv").read_text()
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "-")]
    assert [one.path for one in read_images(tmp_path / "run")] == ["=0.png", "=1.png", "=2.png"]
    assert [one.label for one in read_images(tmp_path / "run")] == labels
    table = predictions_table(faces, labels, np.eye(3))
    assert not [cell for row in csv.reader(io.StringIO(table)) for cell in row if cell[:1] in ("=", "@", "-")]
    (tmp_path / "p.csv").write_text(table)
    found = read_predictions(tmp_path / "p.csv", labels)
    assert (found.paths, found.truth) == (["=0.png", "=1.png", "=2.png"], labels)
    assert found.probabilities.tolist() == np.eye(3).tolist()


def test_rich_keeps_its_colours_behind_the_stream() -> None:
    behind = io.StringIO()
    shown = PrintableStream(behind)  # type: ignore[arg-type]
    Console(file=shown, force_terminal=True, color_system="standard").print("[bold]x[/]")  # type: ignore[arg-type]
    assert behind.getvalue() == "\x1b[1mx\x1b[0m\n"
    print("\x1b[1my", file=shown)  # type: ignore[arg-type]
    assert behind.getvalue().endswith("\\x1b[1my\n")


def test_the_streams_are_as_before_after_a_command() -> None:
    before = sys.stdout, sys.stderr
    with printable_output():
        assert isinstance(sys.stdout, PrintableStream)
    assert (sys.stdout, sys.stderr) == before
