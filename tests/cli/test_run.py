"""`ferkit run` as it is typed."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from ferkit.cli import main
from ferkit.experiment.run import RunRequest
from ferkit.experiment.run_names import find_latest
from ferkit.runtime.shipped import read_template
from tests.cli.answer import Ferkit
from tests.cli.test_table import ferkit as in_process

ROOT = Path(__file__).parent.parent.parent
SHARED = ROOT.parent / "shared" / "data"
REPRODUCTIONS = sorted(path.stem for path in (ROOT / "recipes").glob("sfew_*.toml"))


@pytest.mark.parametrize("name", REPRODUCTIONS)
def test_without_sfew_the_message_says_where_to_get_it_and_how_to_see_the_recipe_run(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FERKIT_DATA", raising=False)
    assert in_process(monkeypatch, "run", str(ROOT / "recipes" / f"{name}.toml")) == 2
    told = capsys.readouterr().err
    assert "the environment variable FERKIT_DATA is not set" in told
    assert "Request SFEW from its authors" in told
    assert "MovieTitle_001234567_00000012.png" in told
    assert "--demo" in told


def test_an_unknown_recipe_suggests_the_closest(ferkit: Ferkit, tmp_path: Path) -> None:
    answer = ferkit("run", "quickstrat", cwd=tmp_path)
    assert answer.returncode == 2
    assert "Did you mean 'quickstart'?" in answer.stderr


def test_resuming_where_nothing_was_run_says_so(ferkit: Ferkit, tmp_path: Path) -> None:
    answer = ferkit("run", "quickstart", "--resume", cwd=tmp_path)
    assert answer.returncode == 1
    assert "Cannot resume quickstart: runs/ has no run" in answer.stderr


def test_resuming_takes_the_newest_run_of_that_name_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("exp-20261124-120000", "exp-20261124-130000", "exp-3-20261125-120000", "exp-20261126-x"):
        (tmp_path / "runs" / folder).mkdir(parents=True)
        (tmp_path / "runs" / folder / "recipe.toml").touch()
    assert find_latest("exp").name == "exp-20261124-130000"
    assert find_latest("exp-3").name == "exp-3-20261125-120000"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("--out", "ferkit run quickstart --demo --out {} --resume"),
        ("--set", "ferkit run quickstart --set 'fit.optimizer.name=\"sgd\"' --demo --out runs/quickstart-"),
        ("early", None),
    ],
)
def test_an_interrupted_run_prints_the_command_that_resumes_it(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    typed: str,
    expected: str | None,
) -> None:
    def interrupt(order: RunRequest, *_: object) -> None:
        if typed != "early":
            order.folder.mkdir(parents=True)
            (order.folder / "recipe.toml").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr("ferkit.experiment.run.run", interrupt)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "a run"
    more = ["--set", 'fit.optimizer.name="sgd"'] if typed == "--set" else ["--out", str(folder)]
    assert in_process(monkeypatch, "run", "quickstart", "--demo", *more) == 130
    told = capsys.readouterr().err
    assert "Stopped." in told
    assert expected.format(shlex.quote(str(folder))) in told if expected else "--resume" not in told


def test_a_recipe_with_an_endless_name_is_only_not_found(ferkit: Ferkit) -> None:
    answer = ferkit("check", "x" * 300)
    assert answer.returncode == 2
    assert "there is no such file" in answer.stderr


def test_a_folder_that_cannot_be_written_is_named(ferkit: Ferkit, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    few = ("--set", "data.per_class=2")
    answer = ferkit("run", "quickstart", *few, "--out", str(tmp_path / "file" / "run"), cwd=tmp_path)
    assert answer.returncode == 1
    assert f"Cannot write a run to {tmp_path / 'file' / 'run'}" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_class_with_one_image_and_an_empty_class_are_named(ferkit: Ferkit, tmp_path: Path) -> None:
    from PIL import Image

    for folder in ("happy", "sad", "angry"):
        (tmp_path / "faces" / folder).mkdir(parents=True)
    for number in range(4):
        Image.new("RGB", (32, 32), (60 * number, 0, 0)).save(tmp_path / "faces" / "happy" / f"{number}.png")
    Image.new("RGB", (32, 32)).save(tmp_path / "faces" / "sad" / "0.png")
    recipe = tmp_path / "own.toml"
    recipe.write_text(
        'name = "own"\n[data]\nname = "image_folder"\nroot = "faces"\n[detector]\nname = "whole_image"\n'
        '[model]\nbackbone = { name = "timm", model = "resnet10t", pretrained = false }\n'
    )
    empty = ferkit("run", str(recipe), cwd=tmp_path)
    assert empty.returncode == 2
    assert "faces/angry has no image" in empty.stderr
    (tmp_path / "faces" / "angry").rmdir()
    single = ferkit("run", str(recipe), cwd=tmp_path)
    assert single.returncode == 1
    assert "class 'sadness' has 1 image; 2 folds need at least 2" in single.stderr


@pytest.mark.slow
def test_the_quickstart_is_the_default_and_says_what_its_faces_mean(ferkit: Ferkit, tmp_path: Path) -> None:
    less = ("--set", "fit.epochs=1", "--set", "model.image_size=32", "--set", "data.per_class=20")
    answer = ferkit("run", *less, cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert answer.returncode == 0, answer.stderr
    (report,) = (tmp_path / "runs").glob("quickstart-*/report.html")
    assert f"report: {report.relative_to(tmp_path)}" in answer.stdout
    assert "nothing about real" in report.read_text()
    assert "nothing about real" in answer.stdout


@pytest.mark.campaign
def test_the_quickstart_is_far_above_chance(ferkit: Ferkit, tmp_path: Path) -> None:
    """With smaller images and 10 of its 18 epochs it is right in 40% of them; `make demo` trains all."""
    less = ("--set", "fit.epochs=10", "--set", "model.image_size=48")
    answer = ferkit("run", *less, "--out", "run", cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert answer.returncode == 0, answer.stderr
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["scores"]["last_epoch"]["accuracy"] > 2 / 7


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sfew_inception_mixup_smoothing", "sfew_multiscale"])
def test_any_recipe_runs_as_a_demonstration_without_its_data_or_weights(
    ferkit: Ferkit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    template = read_template("demo")
    template["data"]["per_class"] = 4
    monkeypatch.setattr("ferkit.recipe.demo.read_template", lambda _: template)
    answer = ferkit(
        "run",
        str(ROOT / "recipes" / f"{name}.toml"),
        "--demo",
        "--set",
        "fit.epochs=1",
        "--set",
        "model.image_size=96",
        cwd=tmp_path,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
        TORCH_HOME=str(tmp_path / "torch"),
    )
    assert answer.returncode == 0, answer.stderr
    (report,) = (tmp_path / "runs").glob(f"{name}-demo-*/report.html")
    summary = json.loads(report.with_name("summary.json").read_text())
    assert summary["demo"] is True
    assert any("mean nothing about real faces" in warning for warning in summary["warnings"])
    assert any("'vggface2' are not here" in warning for warning in summary["warnings"])
    assert not (tmp_path / "torch").exists()


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(not (SHARED / "london").is_dir(), reason="../shared/data/london is absent")
def test_real_images_of_two_classes_run_from_a_short_recipe(ferkit: Ferkit, tmp_path: Path) -> None:
    from ferkit.components.weights.catalogue import is_present

    if not is_present("msceleb1m"):
        pytest.skip("the weights msceleb1m are not in the cache: ferkit weights fetch msceleb1m")
    recipe = ROOT / "recipes" / "london.toml"
    assert len(recipe.read_text().splitlines()) <= 25
    less = ("--set", "fit.epochs=1", "--set", "model.image_size=96")
    answer = ferkit("run", str(recipe), *less, "--out", str(tmp_path / "run"), FERKIT_DATA=str(SHARED))
    assert answer.returncode == 0, answer.stderr
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["labels"] == ["neutral", "smiling"]
    assert summary["data"]["faces_found"] == 204


@pytest.mark.parametrize("variable", ["WORLD_SIZE", "OMPI_COMM_WORLD_SIZE"])
@pytest.mark.parametrize("command", ["run", "finetune"])
def test_several_processes_are_refused_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, command: str
) -> None:
    monkeypatch.setenv(variable, "2")
    monkeypatch.setattr(sys, "argv", ["ferkit", command, "no_such_recipe_or_folder"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    assert f"{variable}=2" in capsys.readouterr().err
