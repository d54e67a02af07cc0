"""A model file whose header is broken or without bounds, whatever its kind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ferkit.errors import RunError
from ferkit.predict import Predictor
from ferkit.predict.model.export import export_model
from tests.predict.drawn import describe, write_model
from tests.predict.hostile import describe_anew

TABLE = describe().as_table()
DEEP = "[" * 50_000 + "]" * 50_000


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of each kind."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ferkit.components.discovery.named_modules", [])
        first = write_model(folder / "m.safetensors")
        for kind in ("onnx", "pt2"):
            export_model(first, folder / f"m.{kind}")
    return folder


def changed(**values: Any) -> str:
    return json.dumps({**TABLE, **values})


@pytest.mark.parametrize("kind", ["safetensors", "onnx", "pt2"])
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "header"),
        ("[1]", "header"),
        ("null", "header"),
        (DEEP, "header"),
        (changed(metrics=json.loads("[" * 900 + "]" * 900)), "recursion"),
        (changed(labels=[f"label{number}" for number in range(10**6)]), "labels"),
        (changed(labels=["x" * 10**6, "y", "z"]), "labels"),
        (changed(model={**TABLE["model"], "image_size": 10**6}), "image_size"),
        (changed(model={**TABLE["model"], "backbone": {"name": "timm", "model": "v" * 10**6}}), "model"),
        (changed(plugins=["x" * 10**6]), "plugins"),
        (changed(format="x" * 10**6), "format"),
        (changed(detector=None), "detector"),
    ],
    ids=lambda value: f"{value}"[:20],
)
def test_it_is_refused_by_the_files_name_in_one_short_line(
    models: Path, tmp_path: Path, kind: str, text: str, word: str
) -> None:
    file = Path(shutil.copy(models / f"m.{kind}", tmp_path))
    describe_anew(file, text)
    with pytest.raises(RunError, match=rf"m\.{kind}") as caught:
        Predictor(file)
    told = str(caught.value)
    assert word in told
    assert "\n" not in told
    assert len(told) < 300 + len(str(file))


def test_a_description_of_a_giant_network_allocates_nothing(models: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(models / "m.safetensors", tmp_path))
    backbone = {"name": "timm", "model": "vit_giant_patch14_clip_224", "pretrained": False}
    describe_anew(file, changed(model={**TABLE["model"], "image_size": 224, "backbone": backbone}))
    with pytest.raises(RunError, match=r"m\.safetensors: it describes a network that is much larger"):
        Predictor(file)
