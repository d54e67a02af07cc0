from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path

import pytest
from huggingface_hub import constants

from ferkit.assess.evaluate import evaluate
from ferkit.errors import RunError
from ferkit.experiment.finetune.start_from import find_beginning
from ferkit.predict.hub.download import LARGEST_CARD, LARGEST_CONFIG
from ferkit.predict.model.find import find_model
from ferkit.predict.model.load import load_network
from ferkit.predict.predictor import Predictor
from tests.predict.drawn import write_picture
from tests.predict.hub.fake_hub import TOKEN, FakeHub

CONFIG = json.dumps({"ferkit_version": "0.1.0"}).encode()


@pytest.fixture
def spots(hub: FakeHub, model: Path) -> str:
    """The commit of a model, me/spots."""
    return hub.add(
        "me/spots", {"model.safetensors": model.read_bytes(), "config.json": CONFIG, "x.bin": b"x"}
    )


def test_a_model_is_loaded_with_its_commit_and_hash(hub: FakeHub, spots: str, model: Path) -> None:
    predictor = Predictor("hf://me/spots")
    assert predictor.title == f"hf://me/spots@{spots}"
    assert predictor.sha256 == hashlib.sha256(model.read_bytes()).hexdigest()
    assert predictor.labels == Predictor(model).labels
    with pytest.raises(RunError, match=f"hf://me/spots@{spots} is a file"):
        Predictor("hf://me/spots", fold=1)
    fetched = {line.rsplit("/", 1)[1] for line in hub.asked if line.startswith("GET /me/")}
    assert fetched == {"model.safetensors", "config.json"}


def test_every_user_of_models_takes_a_reference(hub: FakeHub, spots: str, tmp_path: Path) -> None:
    for label in ("neutral", "anger"):
        write_picture(tmp_path / "data" / label / "a.png", (5, 5))
    found = evaluate("hf://me/spots", tmp_path / "data", no_face="wrong")
    assert f"@{spots}" in found.model
    assert found.model_sha256 == hashlib.sha256(find_model("hf://me/spots").read_bytes()).hexdigest()
    assert load_network("hf://me/spots").description.labels == found.labels
    assert find_beginning("hf://me/spots").labels == found.labels


def test_a_tag_and_a_commit_are_revisions(hub: FakeHub, spots: str, model: Path) -> None:
    later = hub.add("me/spots", {"model.safetensors": b"other"})
    hub.repositories["models/me/spots"].revisions["v1"] = spots
    assert later != spots
    for revision in ("v1", spots):
        path = find_model(f"hf://me/spots@{revision}")
        assert (path.parent.name, path.read_bytes()) == (spots, model.read_bytes())


@pytest.mark.parametrize(
    ("files", "asked", "chosen"),
    [
        (["a.safetensors", "model.safetensors", "model.onnx"], "hf://me/m", "model.safetensors"),
        (["a.onnx"], "hf://me/m", "a.onnx"),
        (["a.safetensors", "b/c.safetensors"], "hf://me/m@main/b/c.safetensors", "b/c.safetensors"),
    ],
)
def test_the_exported_or_only_or_named_file_is_chosen(
    hub: FakeHub, files: list[str], asked: str, chosen: str
) -> None:
    commit = hub.add("me/m", {name: name.encode() for name in files})
    path = find_model(asked)
    assert path.as_posix().endswith(f"{commit}/{chosen}")
    assert path.read_text() == chosen


@pytest.mark.parametrize(
    ("files", "asked", "words"),
    [
        ({"pytorch_model.bin": b"", "old.pth": b""}, "hf://me/m", "may run code"),
        ({"model.pt2": b""}, "hf://me/m", "may run code"),
        ({"pytorch_model.bin": b""}, "hf://me/m/pytorch_model.bin", "expected a file .safetensors or .onnx"),
        ({"a.safetensors": b"", "b.safetensors": b""}, "hf://me/m", "several model files.*hf://me/m/a.safet"),
        ({"README.md": b""}, "hf://me/m", "no .safetensors or .onnx file. Files: README.md"),
        ({"a.onnx": b""}, "hf://me/m/b.onnx", "not in the repository. Files: a.onnx"),
        ({"a.onnx": b""}, "hf://me/m@v2", "no branch, tag or commit v2"),
        ({"a.onnx": b"", "config.json": b'{"architecture": "resnet18"}'}, "hf://me/m", "another library"),
        ({"a.onnx": b"", "config.json": b"[1]"}, "hf://me/m", "expected an object"),
        ({"a.onnx": b"", "config.json": b" " * (LARGEST_CONFIG + 1)}, "hf://me/m", "bytes, more than"),
        ({}, "hf://me/others", "no such repository, or it is private.*HF_TOKEN"),
        ({}, "hf://me", "expected hf://USER/NAME"),
        ({}, "hf://me/a--b", "expected hf://USER/NAME"),
        ({}, "hf://me/a.git", "expected hf://USER/NAME"),
        ({}, "hf://me-/a b", "expected hf://USER/NAME"),
        ({}, "hf://me/m/../x.onnx", "expected hf://USER/NAME"),
    ],
)
def test_another_repository_is_refused_with_the_reason(
    hub: FakeHub, files: dict[str, bytes], asked: str, words: str
) -> None:
    hub.add("me/m", files)
    with pytest.raises(RunError, match=words):
        find_model(asked)
    assert not [line for line in hub.asked if line.startswith("GET /me/") and "config.json" not in line]


@pytest.mark.parametrize("asked", ["hf://me/m", "hf://me/m@main/b/c.onnx"])
def test_the_card_next_to_the_model_is_of_the_same_commit(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    hub.add("me/m", {"a.onnx": b"", "b/c.onnx": b"", "README.md": b"# a", "b/README.md": b"# c"})
    card = find_model(asked).with_name("README.md")
    assert card.read_text() == ("# c" if "/b/" in asked else "# a")
    hub.add("me/m", {"README.md": b"# new", "b/README.md": b"# new"})
    assert find_model(asked).with_name("README.md").read_text() == "# new"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert find_model(asked).with_name("README.md").read_text() == "# new"


@pytest.mark.parametrize("problem", ["none", "large", "broken"])
def test_a_model_is_loaded_without_its_card(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, problem: str
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the client's attempts
    card = b"x" * (LARGEST_CARD + (problem == "large"))
    hub.add("me/m", {"a.onnx": b"", **({} if problem == "none" else {"README.md": card})})
    hub.truncated |= {"README.md"} if problem == "broken" else set()
    path = find_model("hf://me/m")
    assert path.is_file()
    assert not path.with_name("README.md").exists()
    assert ("README.md" in caplog.text) == (problem != "none")
    was_sent = any(line.startswith("GET /me/m/") and line.endswith("README.md") for line in hub.asked)
    assert was_sent == (problem == "broken")


def test_a_private_model_needs_a_token(hub: FakeHub, spots: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repositories["models/me/spots"].is_private = True
    with pytest.raises(RunError, match="private"):
        find_model("hf://me/spots")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(RunError, match="refuses the token"):
        find_model("hf://me/spots")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert find_model("hf://me/spots").parent.name == spots
    hub.repositories["models/me/spots"].is_gated = True
    with pytest.raises(RunError, match="grants access on request"):
        find_model("hf://me/spots")


def test_the_hub_is_not_asked_for_a_cached_commit(
    hub: FakeHub, spots: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = find_model(f"hf://me/spots@{spots}")
    hub.asked.clear()
    assert find_model(f"hf://me/spots@{spots}") == before
    assert find_model(f"hf://me/spots@{spots}/model.safetensors") == before
    assert (hub.asked, caplog.text) == ([], "")
    with pytest.raises(RunError, match="may run code"):
        find_model(f"hf://me/spots@{spots}/x.bin")


@pytest.mark.parametrize("outage", ["offline", "closed", "busy"])
def test_the_cached_commit_is_used_without_a_network(
    hub: FakeHub, spots: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, outage: str
) -> None:
    before = find_model("hf://me/spots")
    if outage == "busy":
        hub.status = 503
    else:
        changed = {"offline": ("HF_HUB_OFFLINE", True), "closed": ("ENDPOINT", "http://127.0.0.1:9")}[outage]
        monkeypatch.setattr(constants, *changed)
    with caplog.at_level(logging.WARNING, "ferkit"):
        assert find_model("hf://me/spots") == before
    assert f"Using the cached commit {spots}" in caplog.text
    for unknown in ("hf://me/spots@v2", "hf://me/others"):
        with pytest.raises(RunError, match="the cache does not have it"):
            find_model(unknown)


def test_a_file_that_breaks_off_is_no_model(
    hub: FakeHub, spots: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the client's attempts
    hub.truncated.add("model.safetensors")
    with pytest.raises(RunError, match="download failed"):
        find_model("hf://me/spots")
    hub.truncated.clear()
    assert find_model("hf://me/spots").parent.name == spots


def test_a_file_that_was_damaged_in_the_cache_is_refused(hub: FakeHub, spots: str) -> None:
    path = find_model("hf://me/spots").resolve()
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(RunError, match=f"damaged. Expected sha256 {path.name}"):
        find_model("hf://me/spots")
