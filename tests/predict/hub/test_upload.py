from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from ferkit.cli import app
from ferkit.data.images import read_image
from ferkit.errors import RunError
from ferkit.predict.card.facts import gather
from ferkit.predict.hub.upload import prepare_upload, push_model
from ferkit.predict.model.load import load_network
from ferkit.predict.predictor import Predictor
from ferkit.version import __version__
from tests.predict.drawn import write_picture
from tests.predict.hub.fake_hub import TOKEN, FakeHub


@pytest.fixture(autouse=True)
def logged_in(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def export(*arguments: object) -> str:
    answer = CliRunner().invoke(app, ["export", *map(str, arguments)], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.output


def files_of(hub: FakeHub, name: str) -> dict[str, bytes]:
    repository = hub.repositories[name]
    return repository.files[repository.revisions["main"]]


def test_a_pushed_model_predicts_as_the_file(hub: FakeHub, model: Path, tmp_path: Path) -> None:
    said = export(model, "--push", "hf://me/smiles", "--license", "mit", "--private")
    commit = hub.repositories["models/me/smiles"].revisions["main"]
    assert f"pushed: {hub.url}/me/smiles\nmodel: hf://me/smiles@{commit}\n" in said
    assert hub.repositories["models/me/smiles"].is_private
    files = files_of(hub, "models/me/smiles")
    assert set(files) == {".gitattributes", "model.safetensors", "config.json", "README.md"}
    assert json.loads(files["config.json"])["file"] == "model.safetensors"
    card = files["README.md"].decode()
    assert card.startswith("---\n")
    assert "license: mit\n" in card
    assert "# smiles\n" in card
    assert "--model hf://me/smiles\n" in card
    assert str(tmp_path) not in card
    image = write_picture(tmp_path / "a.png", (5, 5), (20, 9))
    expected = [row.probabilities for row in Predictor(model)(image)]
    assert [row.probabilities for row in Predictor("hf://me/smiles")(image)] == expected
    assert len([line for line in hub.asked if "/commit/" in line]) == 1


def test_the_card_of_a_graph_names_the_files_of_the_repository(
    hub: FakeHub, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "own.onnx"
    out.write_bytes(b"graph")
    push_model(gather(out, load_network(model)), prepare_upload("hf://me/graph", ".onnx"))
    files = files_of(hub, "models/me/graph")
    assert files["model.onnx"] == b"graph"
    card = files["README.md"].decode()
    assert "InferenceSession('model.onnx')" in card
    assert "open('config.json'" in card


class Stub(SimpleNamespace):
    """gradio, whose interfaces keep their function."""

    def __getattr__(self, name: str) -> Any:
        return lambda *given, **options: SimpleNamespace(given=given, options=options)


def test_a_space_predicts_with_the_pushed_commit(
    hub: FakeHub, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = export(model, "--push", "hf://me/smiles", "--space")
    assert f"space: {hub.url}/spaces/me/smiles\n" in said
    files = files_of(hub, "spaces/me/smiles")
    assert "sdk: gradio\n" in files["README.md"].decode()
    assert files["requirements.txt"].decode() == f"ferkit=={__version__}\n"
    commit = hub.repositories["models/me/smiles"].revisions["main"]
    assert f'Predictor("hf://me/smiles@{commit}")' in files["app.py"].decode()
    monkeypatch.setitem(sys.modules, "gradio", Stub())
    names: dict[str, Any] = {"__name__": "app"}
    exec(compile(files["app.py"], "app.py", "exec"), names)
    assert names["predict"](None) == (None, [])
    image = read_image(write_picture(tmp_path / "a.png", (5, 5)))
    (shown, boxes), table = names["predict"](image)
    row = Predictor(model)(image)[0]
    assert np.array_equal(shown, image)
    assert boxes == [([max(int(one), 0) for one in row.box or ()], f"1: {row.label} {row.confidence:.1%}")]
    assert table == [[1, *(f"{one:.1%}" for one in row.probabilities.values())]]


def test_a_second_push_adds_a_commit(hub: FakeHub, model: Path) -> None:
    export(model, "--push", "hf://me/smiles")
    export(model, "--push", "hf://me/smiles", "--half")
    assert len(hub.repositories["models/me/smiles"].files) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Nothing to write"),
        (["--out", "a.onnx", "--private"], "apply to an upload"),
        (["--push", "me/smiles"], "expected hf://USER/NAME"),
        (["--push", "hf://me/smiles@v1"], "main branch"),
        (["--push", "hf://me/smiles", "--out", "a.pt2"], "may run code"),
        (["--push", "hf://others/smiles"], "may not write there"),
    ],
)
def test_a_wrong_push_is_refused(hub: FakeHub, model: Path, arguments: Sequence[str], words: str) -> None:
    with pytest.raises(RunError, match=words):
        export(model, *arguments)
    assert not hub.repositories


def test_a_private_push_never_goes_to_a_public_repository(hub: FakeHub, model: Path) -> None:
    hub.add("me/public", {"README.md": b""})
    with pytest.raises(RunError, match=r"is public. Nothing was uploaded"):
        export(model, "--push", "hf://me/public", "--private")
    assert set(files_of(hub, "models/me/public")) == {"README.md"}


def test_without_a_token_nothing_is_asked(hub: FakeHub, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "")
    with pytest.raises(RunError, match=r"no token.*hf auth login"):
        export(model, "--push", "hf://me/smiles")
    assert hub.asked == []
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(RunError, match="refuses the token"):
        export(model, "--push", "hf://me/smiles")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(RunError, match="HF_HUB_OFFLINE"):
        prepare_upload("hf://me/smiles", ".onnx")
