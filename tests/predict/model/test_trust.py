"""A model that comes from elsewhere imports installed plugins only."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from ferkit.components.discovery import named_modules
from ferkit.components.part import Part
from ferkit.errors import ComponentError, RunError
from ferkit.experiment.finetune.start_from import find_beginning
from ferkit.neural.checkpoint import save_network
from ferkit.predict import Predictor
from ferkit.predict.model.export import export_model
from ferkit.predict.model.load import load_model, load_network
from ferkit.report.faces.section import show_images
from ferkit.report.table.differences import differences
from tests.predict.drawn import LABELS, PLUGIN, describe, picture, write_model
from tests.predict.hostile import describe_anew
from tests.predict.trained import train_squares

EVIL = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n"
KINDS = ["safetensors", "onnx", "pt2", "run"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = ["fit.epochs=1", "protocol.repeats=1"]
    return train_squares(tmp_path_factory.mktemp("trained"), settings)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a module that leaves the file `ran` when it is imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "ferkit.components.discovery.named_modules", [PLUGIN, "tests.plugins_for_tests.tiny_plugin"]
    )
    monkeypatch.delitem(sys.modules, "evilmod", raising=False)
    (tmp_path / "evilmod.py").write_text(EVIL)
    return tmp_path


def plant(folder: Path, kind: str, trained: Path, module: str = "evilmod") -> Path:
    """A model of a kind that names the module as its plugin."""
    if kind == "run":
        run = Path(shutil.copytree(trained, folder / "run"))
        recipe = (run / "recipe.toml").read_text()
        changed = recipe.replace("plugins = [\n", f'plugins = [\n    "{module}",\n')
        assert changed != recipe
        (run / "recipe.toml").write_text(changed)
        return run
    described = describe(plugins=(PLUGIN, module))
    if kind == "safetensors":
        return write_model(folder / "m.safetensors", plugins=described.plugins)
    honest = write_model(folder / "honest.safetensors")
    file = export_model(honest, folder / f"m.{kind}").file
    describe_anew(file, json.dumps(described.as_table()))
    return file


@pytest.mark.parametrize(
    ("kind", "load"),
    [
        *((kind, load) for kind in KINDS for load in (load_model, Predictor)),
        *((kind, load) for kind in ("safetensors", "run") for load in (load_network, find_beginning)),
    ],
)
def test_a_module_that_is_not_installed_is_refused_by_name_and_not_run(
    folder: Path, trained: Path, kind: str, load: Any
) -> None:
    model, path = plant(folder, kind, trained), list(sys.path)
    with pytest.raises(ComponentError, match=r"needs 'evilmod'.*--trust-plugins"):
        load(str(model))
    assert not (folder / "ran").exists()
    assert "evilmod" not in sys.modules
    assert sys.path == path


@pytest.mark.parametrize("kind", KINDS)
def test_a_trusted_module_is_imported_and_the_path_is_as_before(
    folder: Path, trained: Path, kind: str
) -> None:
    model, path = plant(folder, kind, trained), list(sys.path)
    predictor = Predictor(model, trust_plugins=True)
    assert (folder / "ran").exists()
    assert sys.path == path
    assert len(predictor.predict([picture((30, 10))])) == 1


def test_a_trusted_plugin_gives_components_whose_modules_are_found_later(folder: Path, trained: Path) -> None:
    (folder / "outer.py").write_text(
        "from ferkit.plugin import Component, hookimpl\n\n\n@hookimpl\ndef ferkit_components():\n"
        "    return [Component('detector', 'inner', 'inner_of_outer:Detector', 'Spots')]\n"
    )
    (folder / "inner_of_outer.py").write_text(
        "from tests.predict.spots_plugin import SpotsDetector as Detector\n"
    )
    model = plant(folder, "safetensors", trained, "outer")
    rows = Predictor(model, detector="inner", trust_plugins=True).predict([picture((30, 10))])
    assert rows[0][0].face == 1


def test_a_report_of_a_run_imports_nothing_that_is_not_installed(folder: Path, trained: Path) -> None:
    run = plant(folder, "run", trained)
    assert any("'evilmod'" in one for one in show_images(run).warnings)
    assert differences(run, "quickstart")
    assert not (folder / "ran").exists()
    assert not [one for one in show_images(run, trust_plugins=True).warnings if "evilmod' " in one]
    assert (folder / "ran").exists()


@pytest.mark.parametrize(
    "choice", [{}, {"candidate": 7}, {"candidate": -1}, {"candidate": "0"}, {"candidate": True}]
)
def test_a_run_whose_choice_of_a_grid_is_wrong_is_refused(
    folder: Path, trained: Path, choice: dict[str, Any]
) -> None:
    run = plant(folder, "run", trained, "ferkit_heads")
    recipe = (run / "recipe.toml").read_text().replace('name = "paper"', 'name = "nested"')
    (run / "recipe.toml").write_text(recipe + '\n[grid]\n"fit.epochs" = [1, 2]\n')
    (run / "folds" / "repeat0_fold0" / "choice.json").write_text(json.dumps(choice))
    with pytest.raises(RunError, match="expected a candidate from 0 to 1"):
        load_model(run)


@pytest.mark.parametrize("module", ["antigravity", "tests.predict", "xml.dom"])
def test_an_importable_module_that_is_no_plugin_is_refused_too(
    folder: Path, trained: Path, module: str
) -> None:
    model = plant(folder, "safetensors", trained, module)
    with pytest.raises(ComponentError, match=module):
        load_model(model)
    assert module not in named_modules


def test_an_installed_plugin_needs_no_consent(folder: Path, trained: Path) -> None:
    assert load_model(plant(folder, "safetensors", trained, "ferkit_heads")).description.plugins


def test_the_command_refuses_a_model_and_takes_it_with_the_option(folder: Path) -> None:
    """In a process of its own, where the test's modules are not on Python's path."""
    file = folder / "m.safetensors"
    write_model(file)
    known = describe(plugins=("evilmod",), detector=Part(name="whole_image")).as_table()
    known["model"]["backbone"] = {"name": "timm", "model": "resnet18", "pretrained": False}
    save_network(file, load_file(file), LABELS, description=known)
    command = [sys.executable, "-m", "ferkit", "predict", str(file), "--model", str(file)]
    refused = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "evilmod" in refused.stderr
    assert "--trust-plugins" in refused.stderr
    assert not (folder / "ran").exists()
    subprocess.run([*command, "--trust-plugins"], cwd=folder, capture_output=True, text=True)
    assert (folder / "ran").exists()
